import { spawn } from 'node:child_process';

export interface BrowserOptions {
  readonly env: { readonly [name: string]: string | undefined };
  /** As Node names it. */
  readonly platform: string;
}

/** Has a file shown by whatever shows such files here; false where nothing could be started. */
export function openInBrowser(url: string, { env, platform }: BrowserOptions): Promise<boolean> {
  const [program, ...words] = commandFor(env['BROWSER'], platform);
  return new Promise((resolve) => {
    const child = spawn(program, [...words, url], { detached: true, stdio: 'ignore', env });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      // It stays when we go.
      child.unref();
      resolve(true);
    });
  });
}

function commandFor(
  chosen: string | undefined,
  platform: string,
): readonly [program: string, ...words: string[]] {
  if (chosen !== undefined && chosen !== '') return [chosen];
  if (platform === 'darwin') return ['open'];
  return platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
}
