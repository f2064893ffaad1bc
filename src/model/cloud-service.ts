/** A service on Cloud Run, in the words of this project. */

/** Who may call it: everybody, or whom IAM allows. */
export type Access = 'public' | 'private';

export const INGRESS = ['all', 'internal', 'internal-and-cloud-load-balancing'] as const;
export type Ingress = (typeof INGRESS)[number];

/** What makes a revision: with the same settings there is no new one. */
export interface RevisionRecipe {
  /** `HOST/NAME@sha256:<hex>`: by digest, so that the revision's name says what it holds. */
  readonly image: string;
  /** Millicores: 1000 is one CPU. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Requests that one instance answers at once. */
  readonly concurrency: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  /** Sorted by name. */
  readonly env: { readonly [name: string]: string };
  /** Environment variables whose value is in Secret Manager. */
  readonly secrets: {
    readonly [name: string]: { readonly secret: string; readonly version: string };
  };
  /** Email; undefined for the project's default one. */
  readonly serviceAccount: string | undefined;
  /** What the container listens on. */
  readonly port: number;
  /** Answers 200 when an instance is ready; Cloud Run asks before it sends requests. */
  readonly health: string;
  /** How long an instance may take for that; 1 to 240. */
  readonly startupSeconds: number;
}

/** Who gets how much of the requests, and which tags lead to whom. */
export interface Split {
  /** Percent by revision; the sum is 100, none is 0. */
  readonly percents: { readonly [revision: string]: number };
  /** Revision by tag; a tag is part of a URL that leads to that revision alone. */
  readonly tags: { readonly [tag: string]: string };
}

export interface CloudService {
  /** `projects/p/locations/r/services/s` */
  readonly resource: string;
  readonly name: string;
  readonly url: string;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
  /** What the newest revision was made from; `revision` is absent where Cloud Run chose the name. */
  readonly template: { readonly revision: string | undefined; readonly recipe: RevisionRecipe };
  readonly newest: string | undefined;
  readonly newestReady: string | undefined;
  /** As asked for; shares of `LATEST` are under the name of the newest ready revision. */
  readonly split: Split;
  readonly tagUrls: { readonly [tag: string]: string };
  /** A share follows the newest revision: what another tool deploys gets its traffic at once. */
  readonly followsNewest: boolean;
  readonly ingress: Ingress | undefined;
  /** As avian set it last; undefined when it never did. */
  readonly access: Access | undefined;
  /** The revision that had the traffic before avian moved it last. */
  readonly previous: string | undefined;
  readonly condition:
    | { readonly kind: 'ready' }
    | { readonly kind: 'reconciling' }
    | { readonly kind: 'failed'; readonly message: string };
}

export interface CloudRevision {
  readonly revision: string;
  readonly image: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly ready: boolean;
}
