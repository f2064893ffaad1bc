/** The OpenAPI document as a page for people. */
import { escapeHtml, openTemplate, type Page } from './page.ts';
import type { openApiDocument } from './openapi.ts';
import { exampleAnswer, exampleErrors } from './examples.ts';
import { errorStatus } from './service-error.ts';

const template = openTemplate('docs.html');

interface Operation {
  readonly summary: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

/** `origin` is where the reader reached the service, such as `http://127.0.0.1:8080`. */
export function docsPage(document: ReturnType<typeof openApiDocument>, origin: string): Page {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) =>
      operationSection(method, path, operation),
    ),
  );
  const errors = Object.entries(errorStatus).map(
    ([code, status]) => `<tr><td>${status}</td><td><code>${code}</code></td></tr>`,
  );
  return template({
    origin,
    example: JSON.stringify(exampleAnswer, null, 2),
    operations: { markup: operations.join('\n') },
    errorExample: JSON.stringify(exampleErrors(415)['unsupported-format']?.value, null, 2),
    errors: { markup: errors.join('\n') },
  });
}

function operationSection(method: string, path: string, operation: Operation): string {
  const rows = Object.entries(operation.responses).map(
    ([status, { description }]) =>
      `<tr><td><code>${escapeHtml(status)}</code></td><td>${escapeHtml(description)}</td></tr>`,
  );
  return `<section>
  <h2><span class="method">${escapeHtml(method.toUpperCase())}</span> <code>${escapeHtml(path)}</code></h2>
  <p>${escapeHtml(operation.summary)}.</p>
  <table>${rows.join('')}</table>
</section>`;
}
