import { byCodeUnit, canonicalJson, dotted } from '../model/json.ts';
import { isRedactedValue, isSecretName, REDACTED } from '../model/redacted.ts';
import type { FingerprintInput } from '../model/run.ts';
import type { StaleReason } from '../model/verdict.ts';

/** Every difference between two fingerprint inputs, in the order a person reads them: what, with what, on what. */
export function differences(before: FingerprintInput, after: FingerprintInput): StaleReason[] {
  const reasons: StaleReason[] = [];
  const [oldCmd, newCmd] = [before.cmd.join('\n'), after.cmd.join('\n')];
  if (oldCmd !== newCmd) reasons.push({ kind: 'cmd-changed', before: oldCmd, after: newCmd });
  if (before.wdir !== after.wdir) {
    reasons.push({ kind: 'wdir-changed', before: before.wdir, after: after.wdir });
  }
  // A stage may declare a whole group: the one value in it that changed is the reason.
  for (const change of changedMembers(dotted(before.params), dotted(after.params))) {
    reasons.push({ kind: 'param-changed', ...change });
  }
  reasons.push(...depDifferences(before, after));
  for (const change of changedMembers(before.env, after.env)) {
    // A record of an avian that kept it as it was.
    const isOpen = isSecretName(change.key) && typeof change.before === 'string';
    const old = isOpen && !isRedactedValue(change.before) ? REDACTED : change.before;
    reasons.push({ kind: 'env-changed', ...change, before: old });
  }
  for (const change of changedMembers(before.tools, after.tools)) {
    reasons.push({ kind: 'tool-changed', ...change });
  }
  if (canonicalJson(before.outs) !== canonicalJson(after.outs)) {
    reasons.push({ kind: 'outs-declared', before: before.outs, after: after.outs });
  }
  return reasons;
}

function depDifferences(before: FingerprintInput, after: FingerprintInput): StaleReason[] {
  const old = new Map(before.deps.map((dep) => [dep.path, dep]));
  const current = new Map(after.deps.map((dep) => [dep.path, dep]));
  const paths = [...new Set([...old.keys(), ...current.keys()])].sort(byCodeUnit);
  return paths
    .filter((path) => canonicalJson(old.get(path)) !== canonicalJson(current.get(path)))
    .map((path) => ({
      kind: 'dep-changed',
      path,
      before: old.get(path)?.digest,
      after: current.get(path)?.digest,
    }));
}

interface MemberChange<T> {
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

function changedMembers<T>(
  before: { readonly [key: string]: T },
  after: { readonly [key: string]: T },
): MemberChange<T>[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(byCodeUnit);
  return keys
    .filter((key) => canonicalJson(before[key]) !== canonicalJson(after[key]))
    .map((key) => ({ key, before: before[key], after: after[key] }));
}
