import { run } from '../../../tools/command.cjs';

const FOREIGN = /^node_modules\/(?!nestjs-flagship\/)/;

/** Whether a compiler has reported errors, all of them in the declarations of other packages. */
export function errorsOfOthers(output = '') {
  const errors = output.split('\n').filter((line) => /: error TS\d+:|^error TS/.test(line));
  return errors.length > 0 && errors.every((line) => FOREIGN.test(line));
}

/**
 * Compiles a consumer. Declarations are checked as well, which its settings leave out as Nest's own do: ours must
 * hold, mistakes in those of others are not ours to mend.
 */
export async function compile(cwd) {
  const args = ['node_modules/typescript/bin/tsc', '--skipLibCheck', 'false', '--pretty', 'false'];
  try {
    await run(process.execPath, args, { cwd });
  } catch (error) {
    if (!errorsOfOthers(error.output)) throw error;
  }
}
