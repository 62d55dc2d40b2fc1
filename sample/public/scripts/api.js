function headersOf({ user, plan }) {
  return { 'x-user-id': user, 'x-plan': plan };
}

async function get(path, visitor) {
  const response = await fetch(path, { headers: headersOf(visitor), cache: 'no-store' });
  if (!response.ok) throw new Error(`${path} responded with ${response.status} ${response.statusText}`);
  return response.json();
}

/** Loads everything that the page shows to one visitor. */
export async function visit(visitor) {
  const [home, catalogue, basket, uploads, flags, mode] = await Promise.all([
    get('/api/home', visitor),
    get('/api/products', visitor),
    get('/api/checkout', visitor),
    get('/api/uploads', visitor),
    get('/api/flags', visitor),
    get('/api/mode', visitor),
  ]);
  return { home, catalogue, basket, uploads, flags, mode };
}

/** Sends a request and returns its status and message, also when the shop refuses it: the page shows both. */
export async function post(path, visitor, body = {}) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { ...headersOf(visitor), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const content = await response.json().catch(() => ({}));
  return {
    ok: response.ok,
    status: `${response.status} ${response.statusText}`,
    message: content.message ?? 'The response has no message.',
  };
}
