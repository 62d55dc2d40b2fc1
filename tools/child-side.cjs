// @ts-check
// A process that was started by `child-process.cjs`, as it sees its parent.
const { once } = require('node:events');

/**
 * @typedef {object} ParentOptions
 * @property {(question: any) => unknown} [answer] Answers a question of the parent.
 * @property {() => unknown} [onDisconnect] Called when the parent lets go of this process or has ended; ends the
 *   process by default.
 */

/**
 * Tells the parent that this process is ready, and answers its questions from then on.
 *
 * @param {object} ready The first message.
 * @param {ParentOptions} [options]
 */
function serveParent(ready, { answer, onDisconnect = () => process.exit() } = {}) {
  if (answer !== undefined) process.on('message', async (question) => process.send?.(await answer(question)));
  process.on('disconnect', onDisconnect);
  process.send?.(ready);
}

/**
 * Lets a server listen on loopback, on a port that the system chooses, and resolves with its URL.
 *
 * @param {import('node:net').Server} server
 * @returns {Promise<string>}
 */
async function listenOnLoopback(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `http://127.0.0.1:${port}`;
}

module.exports = { serveParent, listenOnLoopback };
