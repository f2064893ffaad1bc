import type { Problem } from '../model/diagnostic.ts';
import type { JsonObject } from '../model/json.ts';
import type { Result } from '../model/result.ts';
import { createStyle, type Style } from '../report/style.ts';
import { exitStatus, type ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';
import { tellProblem } from './tell-problem.ts';

/** How a view is written: for people, and for machines. */
export interface Shown<View> {
  readonly text: (view: View, style: Style, now: number) => string;
  readonly json: (view: View) => JsonObject;
}

/** Writes a command's answer to stdout, or its problem to stderr. */
export function show<View>(
  answer: Result<View, Problem>,
  shown: Shown<View>,
  json: boolean,
  io: Io,
): ExitStatus {
  if (!answer.ok) return tellProblem(answer.error, io);
  // stdout is looked at too: colour there follows stderr's, unless it is piped.
  const style = createStyle({ colour: io.colour && io.stdoutIsTerminal, ascii: io.ascii });
  io.stdout(
    json
      ? `${JSON.stringify(shown.json(answer.value))}\n`
      : shown.text(answer.value, style, Date.now()),
  );
  return exitStatus.ok;
}
