/** Has a service watch drift: an observer for what it answers, and `GET /drift`. */
import type { FastifyInstance } from 'fastify';
import { existsSync } from 'node:fs';
import { observeNothing, type OpenObserver } from '../serve/observer.ts';
import { ServiceError } from '../serve/service-error.ts';
import { observed } from './features.ts';
import { createDriftMonitor, type DriftMonitor } from './monitor.ts';
import { readReference } from './reference.ts';

export interface DriftWatch {
  readonly openObserver: OpenObserver;
  /** Adds the route; called before the service listens. */
  addRoute(app: FastifyInstance): void;
}

/**
 * A service without a reference, or with that of another model, answers all the same and says in its log why it
 * watches nothing: drift is no reason to refuse photographs.
 */
export function createDriftWatch(referencePath: string): DriftWatch {
  let monitor: DriftMonitor | undefined;
  let reason = 'the model is still loading';
  let log: Pick<FastifyInstance['log'], 'info' | 'warn'> | undefined;

  return {
    async openObserver(model, registry) {
      const blind = (why: string): ReturnType<OpenObserver> => {
        reason = why;
        log?.warn(`drift is not watched: ${why}`);
        return observeNothing(model, registry);
      };
      if (!existsSync(referencePath)) return blind(`there is no reference at ${referencePath}`);
      let reference;
      try {
        reference = await readReference(referencePath);
      } catch (error) {
        return blind((error as Error).message);
      }
      if (reference.model !== model.name) {
        return blind(`the reference is of ${reference.model}, and ${model.name} answers`);
      }
      monitor = createDriftMonitor(reference, registry, {
        onVerdict: (verdict) => {
          const figures = { drift: { drifted: verdict.drifted, images: verdict.images } };
          if (verdict.drifted) log?.warn(figures, `drift: ${verdict.found}`);
          else log?.info(figures, 'no drift');
        },
      });
      const watching = monitor;
      return {
        observe: ({ colours, probabilities }) => {
          watching.add(observed(colours, probabilities));
        },
      };
    },
    addRoute(app) {
      log = app.log;
      app.get('/drift', () => {
        if (monitor !== undefined) return monitor.view();
        const hint = 'avian repro reference makes one; DRIFT_REFERENCE says where it lies';
        throw new ServiceError('not-found', `drift is not watched: ${reason}`, hint);
      });
    },
  };
}
