import type { Container } from './front-end.ts';

export interface BirdServiceOptions {
  /** Status of the health path. */
  readonly health?: number;
  /** Every nth request of a person fails; 0: none. */
  readonly failEvery?: number;
  readonly delayMs?: number;
}

/** A service with the routes of AvianSight, as it runs in an image. Says which revision answered. */
export function birdService(species: string, options: BirdServiceOptions = {}): Container {
  const { health = 200, failEvery = 0, delayMs = 0 } = options;
  let asked = 0;
  return ({ method, path, body, contentType, env }) => {
    if (path === '/readyz') return { status: health };
    if (path === '/') return { status: 200, body: env['K_REVISION'] ?? '' };
    if (path !== '/infer_image' || method !== 'POST') return { status: 404 };
    const form = contentType?.startsWith('multipart/form-data') === true;
    if (!form || !body.includes('name="bird_image"')) return { status: 400, body: 'no bird_image' };
    asked += 1;
    if (failEvery > 0 && asked % failEvery === 0) return { status: 500, body: 'out of seeds' };
    return { status: 200, body: JSON.stringify({ species, revision: env['K_REVISION'] }), delayMs };
  };
}
