import type {
  Access,
  CloudRevision,
  CloudService,
  Ingress,
  RevisionRecipe,
  Split,
} from '../model/cloud-service.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';

/** Why a change was not taken. */
export interface ChangeRefused {
  /**
   * `changed`: somebody changed the service since it was read. `name-taken`: a revision of that name
   * is there with other settings. After both, look again. `other`: looking again does not help.
   */
  readonly kind: 'changed' | 'name-taken' | 'other';
  readonly problem: Problem;
}

/** What an update changes; all else of the service stays as it is, also what avian knows nothing of. */
export interface ServiceChange {
  readonly template?: { readonly revision: string; readonly recipe: RevisionRecipe };
  readonly split?: Split;
  readonly ingress?: Ingress;
  /** Noted in the service, not granted: that is `setAccess`. */
  readonly access?: Access;
  /** Noted for a later rollback; null takes the note away. */
  readonly previous?: string | null;
}

export type OperationState =
  /** `note`: what Cloud Run says it is doing, where it says anything. */
  | { readonly kind: 'running'; readonly note: string | undefined }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly problem: Problem }
  /** Too old, or of another project: Cloud Run does not know it. */
  | { readonly kind: 'unknown' };

/**
 * Services of one project and region on Cloud Run. Each method is one request (`setAccess` two);
 * changes answer at once with the name of the operation that carries them out.
 */
export interface CloudServices {
  /** `projects/p/locations/r/services/<name>` */
  resourceOf(name: string): string;
  get(name: string): Promise<Result<CloudService | undefined, Problem>>;
  /** Newest first. */
  revisions(name: string): Promise<Result<readonly CloudRevision[], Problem>>;
  /** A new service: all requests to its first revision, which `tag` leads to as well; nobody may call it. */
  create(
    name: string,
    first: {
      readonly revision: string;
      readonly recipe: RevisionRecipe;
      readonly tag: string;
      readonly ingress: Ingress;
    },
  ): Promise<Result<string, ChangeRefused>>;
  /** Refused as `changed` unless the service is still as `service` says. */
  update(service: CloudService, change: ServiceChange): Promise<Result<string, ChangeRefused>>;
  operation(operation: string): Promise<Result<OperationState, Problem>>;
  /** Lets everybody call the service, or only whom other bindings name. */
  setAccess(name: string, access: Access): Promise<Result<void, Problem>>;
  /** What a request to a private service carries; undefined where the credentials make none. */
  identityToken(audience: string): Promise<string | undefined>;
  close(): Promise<void>;
}
