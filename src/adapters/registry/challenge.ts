/** What a registry asks for with 401: RFC 7235, as far as registries use it. */
export type Challenge =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*(\w+)\s*(.*)$/.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return { kind: 'basic' };
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const values = new Map<string, string>();
  for (const [, name = '', quoted, bare] of rest.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)) {
    values.set(name.toLowerCase(), quoted ?? bare ?? '');
  }
  const realm = values.get('realm');
  if (realm === undefined) return undefined;
  return { kind: 'bearer', realm, service: values.get('service'), scope: values.get('scope') };
}
