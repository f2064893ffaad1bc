/** Headers that prove who asks. */
export type Proof = { readonly [name: string]: string };

/** Where proofs come from; avian keeps none. */
export interface Credentials {
  /** @param fresh the last ones were refused: they may have run out */
  headers(fresh: boolean): Promise<Proof>;
}

/** For emulators and public buckets behind plain http, to which no token is ever sent. */
export const noCredentials: Credentials = { headers: () => Promise.resolve({}) };

/** Thrown when there are none, with what Google's library says. */
export class NoCredentials extends Error {}

/**
 * Google's application-default credentials, by the official client: `gcloud auth
 * application-default login`, GOOGLE_APPLICATION_CREDENTIALS, workload identity, or the machine's own account.
 * The client is loaded at the first request: 0.1 s that a `file:` remote and an emulator do not pay.
 */
export function googleCredentials(): Credentials {
  type Client = {
    getRequestHeaders(url?: string): Promise<Headers>;
    credentials?: { expiry_date?: number | null };
  };
  let client: Promise<Client> | undefined;
  const connect = async (): Promise<Client> => {
    const { Storage } = await import('@google-cloud/storage');
    return await new Storage().authClient.getClient();
  };
  return {
    async headers(fresh) {
      try {
        client ??= connect();
        const connected = await client;
        // A token that was refused is no longer good, whatever its date says.
        if (fresh && connected.credentials !== undefined) connected.credentials.expiry_date = 1;
        return Object.fromEntries((await connected.getRequestHeaders()).entries());
      } catch (error) {
        client = undefined;
        throw new NoCredentials(error instanceof Error ? error.message : String(error), {
          cause: error,
        });
      }
    },
  };
}
