/** How a person calls off single stages of a run. */
export interface Stops {
  readonly signalOf: (stage: string) => AbortSignal;
  readonly stop: (stage: string) => void;
}

export function createStops(): Stops {
  const controllers = new Map<string, AbortController>();
  return {
    signalOf(stage) {
      const controller = new AbortController();
      controllers.set(stage, controller);
      return controller.signal;
    },
    stop: (stage) => controllers.get(stage)?.abort(),
  };
}
