// Cloudflare's local runtime and local Flagship.
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

/** The account of the rollouts; the local Flagship has none of its own. */
export const ACCOUNT = 'account';

/**
 * Starts the bundled Worker.
 *
 * @param {Record<string, string>} variables What the Worker gets besides its binding.
 * @param {string} [folder] Where the flags are kept; without it they end with the process.
 */
export async function startWorkers(variables = {}, folder = undefined) {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      resourcePersistencePath: folder,
      modules: [{ type: 'ESModule', path: 'bundle/worker.js' }],
      compatibilityDate: '2026-11-01',
      compatibilityFlags: ['nodejs_compat'],
      bindings: variables,
      flagship: { FLAGS: { app_id: 'shop' } },
    }),
  );
  const openAdmin = await miniflare.getFlagshipBindingAPI('FLAGS');
  const admin = await openAdmin();
  const fetch = async (path, init) => {
    const response = await miniflare.dispatchFetch(`http://shop.example${path}`, init);
    return { status: response.status, body: await response.json() };
  };
  return {
    admin,
    binding: await miniflare.getFlagshipBinding('FLAGS'),
    fetch,
    /** Evaluates in the Worker, with the source of this name in `src/worker.ts`. */
    evaluate: async (source, question) => {
      const body = JSON.stringify(question);
      return (await fetch(`/${source}/evaluate`, { method: 'POST', body })).body;
    },
    close: () => miniflare.dispose(),
  };
}

/** Returns a flag as the local Flagship stores it: its rules have priorities. */
export function toStoredFlag(flag) {
  const rules = flag.rules.map((rule, index) => ({ ...rule, priority: index + 1 }));
  return { metadata: {}, ...flag, rules };
}
