const COLUMNS = ['what', 'figure', 'peer', "peer's figure", 'ratio', 'wanted', ''];

/**
 * A line of a section's table.
 *
 * @param line.what What was measured.
 * @param line.figure Our figure, as text.
 * @param line.peer Who is compared with, and `peerFigure`, as text.
 * @param line.ratio How we compare, as text.
 * @param line.wanted The figure to reach, as text; `reached` whether it was. Both may be absent.
 */
function cells({ what, figure, peer = '', peerFigure = '', ratio = '', wanted = '', reached }) {
  const verdict = reached === undefined ? '' : reached ? 'reached' : 'missed';
  return [what, figure, peer, peerFigure, ratio, wanted, verdict];
}

/** Prints a section's lines in aligned columns; columns that stay empty are left out. */
export function printTable(title, lines) {
  const rows = [COLUMNS, ...lines.map(cells)];
  const used = COLUMNS.map((_, column) => column).filter((column) =>
    rows.slice(1).some((row) => row[column] !== ''),
  );
  const widths = used.map((column) => Math.max(...rows.map((row) => row[column].length)));
  console.log(`\n${title}`);
  for (const row of rows) {
    const padded = used.map((column, place) =>
      isNumber(column) ? row[column].padStart(widths[place]) : row[column].padEnd(widths[place]),
    );
    console.log(`  ${padded.join('  ').trimEnd()}`);
  }
}

const isNumber = (column) => column === 1 || column === 3 || column === 4;
