const INDENT = '         ';

/** A line for each check, and whatever a failed one said. */
export class Report {
  #began = performance.now();
  #passed = 0;
  #failed = [];
  #section = '';

  section(title) {
    this.#section = title;
    console.log(`\n${title}`);
  }

  /** Runs a check; true when it passed. What it returns is told beside its title. */
  async check(title, action) {
    const began = performance.now();
    try {
      const told = await action();
      console.log(`  ok     ${title}${told ? `: ${told}` : ''} (${secondsSince(began)})`);
      this.#passed += 1;
      return true;
    } catch (error) {
      console.log(`  FAILED ${title} (${secondsSince(began)})`);
      console.log(indented(error.output === undefined ? error.stack : `${error.message}\n${error.output}`));
      this.#failed.push(`${this.#section}: ${title}`);
      return false;
    }
  }

  /** The last lines, and the process's exit code. */
  finish() {
    const total = `${this.#passed} passed, ${this.#failed.length} failed, in ${secondsSince(this.#began)}`;
    console.log(['', ...this.#failed.map((title) => `FAILED ${title}`), total].join('\n'));
    if (this.#failed.length > 0) process.exitCode = 1;
  }
}

function secondsSince(began) {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

function indented(text) {
  return text.trimEnd().replace(/^/gm, INDENT);
}
