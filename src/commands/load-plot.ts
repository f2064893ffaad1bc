import { parseRepoPath, ROOT, type RepoPath } from '../model/names.ts';
import type { Picture, PlotDeclaration, PlotSource } from '../model/plot.ts';
import { isOfPictures, type Loaded, type LoadedTable } from '../plots/loaded.ts';
import { isPictureFile, pictureType } from '../plots/pictures.ts';
import { isDataFile, readTable, textOf, type Table } from '../plots/table.ts';
import type { ContentFile } from '../ports/contents.ts';
import type { RevisionFiles } from './revision-files.ts';

const LARGEST_DATA = 16 * 1024 * 1024;
const LARGEST_PICTURE = 1024 * 1024;
/** A page of pictures is for looking at; all of a test split is for no page. */
const MOST_PICTURES = 48;
const LARGEST_PICTURES = 4 * 1024 * 1024;

/** Reads what a chart is drawn from, as one revision has it. What cannot be read is told, and left out. */
export async function loadPlot(
  declaration: PlotDeclaration,
  files: RevisionFiles,
): Promise<Loaded> {
  const loading = new Loading(declaration, files);
  for (const source of declaration.sources) await loading.source(source);
  const { tables, pictures, leftOut, notes } = loading;
  return { revision: files.label, tables, pictures, leftOut, notes };
}

class Loading {
  readonly tables: LoadedTable[] = [];
  readonly pictures: Picture[] = [];
  readonly notes: string[] = [];
  leftOut = 0;
  #pictureBytes = 0;
  readonly #declaration: PlotDeclaration;
  readonly #files: RevisionFiles;

  constructor(declaration: PlotDeclaration, files: RevisionFiles) {
    this.#declaration = declaration;
    this.#files = files;
  }

  async source(source: PlotSource): Promise<void> {
    const found = await this.#files.at(source.file);
    if (found.kind === 'absent') return this.#note(source.file, found.reason);
    const named = found.files.map((file) => ({ file, path: below(source.file, file) }));
    const data = named.filter(({ path }) => isDataFile(path));
    const shots = named.filter(({ path }) => isPictureFile(path));
    if (isOfPictures(this.#declaration, shots.length > 0) && data.length === 0) {
      this.leftOut += found.more;
      for (const { file, path } of shots) {
        await this.#picture(file, file.below === '' ? path : file.below, []);
      }
      if (shots.length === 0) this.#note(source.file, 'holds no pictures');
      return;
    }
    // One file is what was declared, whatever its name; of a folder only what holds rows.
    const isFile = named.length === 1 && named[0]?.file.below === '';
    for (const { file, path } of isFile ? named : data) await this.#table(source, file, path);
    if (!isFile && data.length === 0) this.#note(source.file, 'holds neither data nor pictures');
  }

  async #table(source: PlotSource, file: ContentFile, path: RepoPath): Promise<void> {
    const table = await this.#read(file, path);
    if (table === undefined) return;
    if (this.#declaration.template === 'images') return this.#named(source, path, table);
    const other = source.x?.file;
    const xTable = other === undefined ? undefined : await this.#other(other);
    if (other !== undefined && xTable === undefined) return;
    this.tables.push({ source, file: path, table, ...(xTable !== undefined && { xTable }) });
  }

  async #other(path: RepoPath): Promise<Table | undefined> {
    const found = await this.#files.at(path);
    const [file] = found.kind === 'found' ? found.files : [];
    if (file !== undefined) return this.#read(file, path);
    this.#note(path, found.kind === 'absent' ? found.reason : 'is empty');
    return undefined;
  }

  async #read(file: ContentFile, path: RepoPath): Promise<Table | undefined> {
    if (file.size > LARGEST_DATA) {
      this.#note(path, 'is larger than 16 MiB');
      return undefined;
    }
    const bytes = await file.read();
    if (bytes === undefined) {
      this.#note(path, 'cannot be read');
      return undefined;
    }
    const { header } = this.#declaration;
    const table = await readTable(path, new TextDecoder().decode(bytes), header);
    if (table.ok) return table.value;
    this.#note(path, table.error);
    return undefined;
  }

  /** Pictures that rows name, relative to the folder of their file, with what the row says of each. */
  async #named({ x, y }: PlotSource, path: RepoPath, { columns, rows }: Table): Promise<void> {
    const at =
      x === undefined
        ? columns.findIndex((_, column) => isPictureFile(textOf(rows[0]?.[column])))
        : columns.indexOf(x.field);
    if (at < 0) return this.#note(path, 'has no field that names pictures; say which with `x`');
    const shown = y.length === 0 ? columns.filter((_, column) => column !== at) : y;
    const folder = (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ROOT) as RepoPath;
    for (const [index, row] of rows.entries()) {
      if (this.pictures.length === MOST_PICTURES) {
        this.leftOut += rows.length - index;
        return;
      }
      const name = textOf(row[at]);
      const place = parseRepoPath(name, folder);
      const found = place === undefined ? undefined : await this.#files.at(place);
      const [file] = found?.kind === 'found' ? found.files : [];
      if (file === undefined) {
        this.#note(path, `names \`${name}\`, which is no file of the project`);
        continue;
      }
      const facts = shown.flatMap((field) => {
        const value = textOf(row[columns.indexOf(field)]);
        return value === '' ? [] : [{ name: field, value }];
      });
      await this.#picture(file, name, facts);
    }
  }

  async #picture(file: ContentFile, name: string, facts: Picture['facts']): Promise<void> {
    const isTooMuch =
      this.pictures.length >= MOST_PICTURES || this.#pictureBytes + file.size > LARGEST_PICTURES;
    if (isTooMuch || file.size > LARGEST_PICTURE) {
      this.leftOut += 1;
      return;
    }
    const bytes = await file.read();
    const type = bytes === undefined ? undefined : pictureType(bytes);
    if (bytes === undefined || type === undefined) return this.#note(name, 'is no picture');
    this.#pictureBytes += bytes.length;
    const base64 = Buffer.from(bytes).toString('base64');
    this.pictures.push({ revision: this.#files.label, name, type, base64, facts });
  }

  #note(path: string, reason: string): void {
    const { label } = this.#files;
    this.notes.push(`${path} ${reason}${label === 'workspace' ? '' : ` (${label})`}`);
  }
}

const below = (path: RepoPath, file: ContentFile): RepoPath =>
  (file.below === '' ? path : `${path}/${file.below}`) as RepoPath;
