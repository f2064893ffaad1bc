/**
 * The bin. Old syntax, one builtin: every Node can parse it, and say that it is too old.
 * The compile cache lies inside the package and not in the temp folder, where another user of the
 * machine could plant code.
 * @param engines what package.json asks for, as `>=22.18`
 */
export function binEntry(engines: string): string {
  const [major, minor] = engines.replace('>=', '').split('.').map(Number);
  return `#!/usr/bin/env node
'use strict';
var version = process.versions.node.split('.').map(Number);
if (version[0] < ${major} || (version[0] === ${major} && version[1] < ${minor})) {
  process.stderr.write(
    'avian needs Node ${major}.${minor} or newer and this is ' + process.version +
      ': inside the project run \`npx avian\`, or install one there with \`npm i -D node@24\`\\n'
  );
  process.exitCode = 64;
} else {
  require('module').enableCompileCache(__dirname + '/.compile-cache');
  require('./main.js');
}
`;
}

/** For the PATH of stages: `avian` in a `cmd` is this avian, under the Node that runs it. */
export function binLauncher(): string {
  return `#!/bin/sh
exec "\${AVIAN_NODE:-node}" "$(dirname -- "$0")/../avian.js" "$@"
`;
}
