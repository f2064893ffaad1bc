import type * as yaml from 'yaml';

/** The parser, passed to who needs it: loading it costs 25 ms that a remembered project does not pay. */
export type Yaml = typeof yaml;
