import type { JsonObject } from '../../model/json.ts';
import { DashboardFailure } from './failures.ts';

type Named = JsonObject & { readonly name: string };

/** The Dashboards API, version 1, by REST: its own client is of an older generation and would bring all of gRPC twice. */
export interface Dashboards {
  list(): Promise<readonly Named[]>;
  create(body: JsonObject): Promise<Named>;
  update(name: string, body: JsonObject): Promise<void>;
  remove(name: string): Promise<void>;
}

const PATIENCE_MS = 30_000;

/** @throws DashboardFailure for every answer that is no success; what `fetch` throws where there is none. */
export function openDashboards(
  project: string,
  endpoint: string,
  headers: () => Promise<Headers>,
): Dashboards {
  const all = `projects/${project}/dashboards`;

  async function call(method: string, path: string, body?: JsonObject): Promise<JsonObject> {
    const proof = await headers();
    if (body !== undefined) proof.set('content-type', 'application/json');
    const response = await ask(`${endpoint}/v1/${path}`, {
      method,
      headers: proof,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new DashboardFailure(response.status, messageOf(text, response.status));
    return text === '' ? {} : (JSON.parse(text) as JsonObject);
  }

  return {
    async list() {
      const found: Named[] = [];
      let page = '';
      do {
        const answer = await call('GET', `${all}?pageSize=200${page}`);
        found.push(...((answer['dashboards'] ?? []) as unknown as readonly Named[]));
        const token = answer['nextPageToken'];
        page =
          typeof token === 'string' && token !== ''
            ? `&pageToken=${encodeURIComponent(token)}`
            : '';
      } while (page !== '');
      return found;
    },
    create: async (body) => (await call('POST', all, body)) as Named,
    async update(name, body) {
      await call('PATCH', name, body);
    },
    async remove(name) {
      await call('DELETE', name);
    },
  };
}

async function ask(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (error) {
    const { cause, message } = error as Error;
    throw new DashboardFailure(503, cause instanceof Error ? cause.message : message);
  }
}

/** Google's JSON error, or the beginning of whatever else came. */
function messageOf(text: string, status: number): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: string } };
    return error?.message ?? `${status}`;
  } catch {
    return `${status} ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`.trim();
  }
}
