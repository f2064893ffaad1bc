/** Runs a program of this folder as avian would: a process of its own, flags, AVIAN_PARAMS. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `program` is relative to stages/, such as `evaluate/main.ts`; `params` are written into `dir`. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { dir, params }: { dir?: string; params?: unknown } = {},
): Promise<ProgramResult> {
  const env = { ...process.env };
  if (dir !== undefined && params !== undefined) {
    env['AVIAN_PARAMS'] = join(dir, 'params.json');
    writeFileSync(env['AVIAN_PARAMS'], JSON.stringify(params));
  }
  const path = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, stdout, stderr };
}
