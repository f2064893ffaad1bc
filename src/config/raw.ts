import type { JsonValue } from '../model/json.ts';
import type { LinkKind } from '../model/pipeline.ts';

/*
 * pipeline.yaml, its templates resolved, as pipeline.schema.json admits it. `cmd` may be missing, and lists may
 * have holes, only while problems are being collected.
 */

export interface RawPipeline {
  readonly cache?: { readonly link?: LinkKind };
  readonly stages?: { readonly [name: string]: RawStage };
  readonly tasks?: { readonly [name: string]: RawTask };
  readonly plots?: readonly RawEntry<RawChart>[];
  readonly remote?: string;
  readonly remotes?: { readonly [name: string]: RawRemote };
}

export interface RawRemote {
  readonly url?: string;
  readonly endpoint?: string;
  readonly prices?: {
    readonly storage?: number;
    readonly 'class-a'?: number;
    readonly 'class-b'?: number;
    readonly egress?: number;
  };
}

export interface RawTask {
  readonly cmd?: string | readonly string[];
  readonly wdir?: string;
  readonly desc?: string;
  readonly params?: readonly RawParam[];
  readonly env?: readonly string[] | { readonly [name: string]: string | number | boolean | null };
}

export interface RawStage extends RawTask {
  readonly deps?: readonly string[];
  readonly outs?: readonly RawEntry<RawOut>[];
  readonly metrics?: readonly RawEntry<RawMetrics>[];
  readonly plots?: readonly RawEntry<RawPlot>[];
  readonly tools?: readonly string[];
  readonly resources?: {
    readonly cpu?: number;
    readonly gpu?: number;
    readonly memory?: number | string;
  };
  readonly timeout?: number | string;
  readonly retry?: number | { readonly times?: number; readonly delay?: number | string };
  readonly checkpoint?: boolean;
  readonly ttl?: number | string;
  readonly probe?: string;
  readonly effect?: boolean;
  readonly executor?: 'local';
  readonly frozen?: boolean;
  readonly always_changed?: boolean;
  readonly meta?: JsonValue;
}

/** A key of params.yaml, or by file its keys, or null for all of it. */
export type RawParam = string | { readonly [file: string]: readonly string[] | null };

/** A path, or what is said about it by path. */
export type RawEntry<About> = string | { readonly [path: string]: About };

export interface RawOut {
  readonly cache?: boolean;
  readonly push?: boolean;
  readonly persist?: boolean;
  readonly desc?: string;
  readonly type?: string;
  readonly meta?: JsonValue;
}

export type Direction = 'maximize' | 'minimize';

export interface RawMetrics extends RawOut {
  readonly direction?: Direction | { readonly [metric: string]: Direction };
  readonly gate?: { readonly [metric: string]: string };
}

export interface RawPlot extends RawOut {
  readonly template?: string;
  readonly x?: string;
  readonly y?: string | readonly string[];
  readonly x_label?: string;
  readonly y_label?: string;
  readonly title?: string;
  readonly header?: boolean;
}

/** What a chart under the top level's `plots` draws; its key is a name, or the path of its file. */
export interface RawChart {
  readonly template?: string;
  readonly x?: string | { readonly [file: string]: string };
  readonly y?: string | readonly string[] | { readonly [file: string]: string | readonly string[] };
  readonly x_label?: string;
  readonly y_label?: string;
  readonly title?: string;
  readonly header?: boolean;
}
