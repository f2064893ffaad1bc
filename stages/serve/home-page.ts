/** The page where a person shows a photograph and sees the answer. */
import { isLooney, readableName } from './answer.ts';
import type { ServiceConfig } from './config.ts';
import { escapeHtml, openTemplate, type Page } from './page.ts';
import { formatBytes } from './upload.ts';

const template = openTemplate('page.html');

/** `model` is undefined while it is being loaded. */
export function homePage(
  config: Pick<ServiceConfig, 'maxUploadBytes' | 'maxPixels' | 'revision'>,
  model: { name: string; labels: readonly string[] } | undefined,
): Page {
  const labels = (model?.labels ?? []).filter((label) => !isLooney(label)).map(readableName);
  return template({
    count: model === undefined ? 'many' : labels.length,
    species: { markup: labels.map((label) => `<li>${escapeHtml(label)}</li>`).join('\n') },
    model: model?.name ?? '(being loaded)',
    revision: config.revision,
    maxUpload: formatBytes(config.maxUploadBytes),
    maxUploadBytes: config.maxUploadBytes,
    maxPixels: config.maxPixels,
  });
}
