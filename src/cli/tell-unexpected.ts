import { problem, type Problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import { exitStatus, type ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';
import { tellProblem } from './tell-problem.ts';

/** The last who hears of an error: what the world did is told in words, the rest is a bug. */
export function tellUnexpected(error: unknown, io: Io): ExitStatus {
  const known = error instanceof ProblemError ? error.problem : worldly(error);
  if (known !== undefined) return tellProblem(known, io);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr(
    `error[avian/bug]: this is a bug in avian, please report it with these lines\n${stack}\n`,
  );
  return exitStatus.bug;
}

const KEPT = 'what was done is kept; run it again afterwards';

/** By what the system or SQLite said. Whatever only a bug can cause (EBADF, EINVAL) is not among them. */
const WORLDLY: readonly { readonly codes: RegExp; readonly code: string; readonly hint: string }[] =
  [
    {
      codes: /^(ENOSPC|EDQUOT|EFBIG|SQLITE_FULL)$/,
      code: 'system/no-space',
      hint: `free some space (\`df -h .\`, \`df -i .\`); ${KEPT}`,
    },
    {
      codes: /^(EACCES|EPERM|EROFS|SQLITE_READONLY.*|SQLITE_CANTOPEN.*|SQLITE_PERM|SQLITE_AUTH)$/,
      code: 'system/no-access',
      hint: `check who owns it and may write there; ${KEPT}`,
    },
    {
      codes: /^(EMFILE|ENFILE)$/,
      code: 'system/too-many-files',
      hint: 'raise the limit of open files (`ulimit -n`)',
    },
    {
      codes: /^(EIO|ENXIO|ENODEV|ESTALE|EREMOTEIO|ETIMEDOUT|SQLITE_IOERR.*)$/,
      code: 'system/io',
      hint: `check the disk (\`dmesg\`); ${KEPT}`,
    },
    {
      codes:
        /^(ENOENT|ENOTDIR|EISDIR|EEXIST|ENOTEMPTY|ELOOP|ENAMETOOLONG|EMLINK|EXDEV|EBUSY|EAGAIN|EINTR|ENOMEM|ENOSYS|ENOTSUP|EOPNOTSUPP|SQLITE_BUSY.*|SQLITE_LOCKED.*|SQLITE_NOMEM)$/,
      code: 'system/refused',
      hint: `something else may be changing these files; ${KEPT}`,
    },
  ];

function worldly(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  // Node's own `rm` names what it does not know by nothing: `, Unknown error: Input/output error`.
  const isUnnamed = error.code === '' && 'syscall' in error && error.syscall === 'rm';
  const said = isUnnamed ? 'EIO' : String(error.code);
  if (!('syscall' in error) && !said.startsWith('SQLITE_')) return undefined;
  const found = WORLDLY.find(({ codes }) => codes.test(said));
  return found && problem('stage', found.code, error.message, found.hint);
}
