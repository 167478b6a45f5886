// The code editor: Monaco with JavaScript, TypeScript and JSON, loaded only where code is edited.
import { editor, MarkerSeverity, MarkerTag, Uri } from "monaco-editor/editor";
import "monaco-editor/features/register.all";
import "monaco-editor/languages/definitions/javascript/register";
import "monaco-editor/languages/definitions/typescript/register";
import * as json from "monaco-editor/languages/features/json/register";
import * as typescript from "monaco-editor/languages/features/typescript/register";

export interface Diagnostic {
  severity: "error" | "warning";
  code: string;
  message: string;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
}

/** Addresses of the worker scripts, by name. */
export type Workers = Record<"editor" | "json" | "typescript", string>;

/** One mounted editor, without Monaco's own types. */
export interface Pane {
  text(): string;
  setText(text: string): void;
  setLanguage(language: string): void;
  onChange(changed: () => void): void;
  mark(diagnostics: Diagnostic[]): void;
  reveal(line: number, column: number): void;
}

export interface PaneOptions {
  name: string;
  text: string;
  language: string;
  label: string;
  readOnly?: boolean;
  small?: boolean;
}

export function setUp(workers: Workers, typings: string): void {
  self.MonacoEnvironment = { getWorker: (_id, label) => new Worker(workerFor(workers, label)) };
  themes();
  document.addEventListener("themechange", useTheme);
  const compiler = {
    target: typescript.ScriptTarget.ESNext,
    lib: ["esnext"],
    allowJs: true,
    allowNonTsExtensions: true,
  };
  // Our own check decides what is syntax; TypeScript's would refuse the top-level `return` and
  // `await` that scripts may have.
  const ignored = [1108, 1375, 1378, 1431, 1432, 2393, 2451];
  for (const [defaults, semantic] of [
    [typescript.javascriptDefaults, false],
    [typescript.typescriptDefaults, true],
  ] as const) {
    defaults.setCompilerOptions(compiler);
    defaults.setDiagnosticsOptions({
      noSyntaxValidation: true,
      noSemanticValidation: !semantic,
      noSuggestionDiagnostics: true,
      diagnosticCodesToIgnore: ignored,
    });
    defaults.setExtraLibs([{ content: typings, filePath: "file:///scriptorium.d.ts" }]);
  }
  json.jsonDefaults.setDiagnosticsOptions({ validate: true, allowComments: false });
}

export function mount(host: HTMLElement, options: PaneOptions): Pane {
  const model = editor.createModel(options.text, options.language, uriOf(options));
  const view = editor.create(host, {
    model,
    ariaLabel: options.label,
    readOnly: options.readOnly ?? false,
    automaticLayout: true,
    fontSize: 13,
    lineHeight: 20,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono"),
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    padding: { top: 10, bottom: 10 },
    tabSize: 2,
    renderLineHighlight: options.small ? "none" : "line",
    lineNumbers: options.small ? "off" : "on",
    folding: !options.small,
    lineDecorationsWidth: options.small ? 8 : undefined,
    glyphMargin: false,
    overviewRulerLanes: options.small ? 0 : 2,
    stickyScroll: { enabled: false },
    scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10, alwaysConsumeMouseWheel: false },
    fixedOverflowWidgets: true,
  });
  return {
    text: () => model.getValue(),
    setText: (text) => model.setValue(text),
    setLanguage: (language) => editor.setModelLanguage(model, language),
    onChange: (changed) => void model.onDidChangeContent(changed),
    mark: (diagnostics) => editor.setModelMarkers(model, "scriptorium", diagnostics.map(marker)),
    reveal(line, column) {
      view.revealLineInCenter(line);
      view.setPosition({ lineNumber: line, column });
      view.focus();
    },
  };
}

/** Shows two sources side by side; gives what takes the view away again. */
export function compare(host: HTMLElement, [before, after]: [string, string], language: string): () => void {
  const models = { original: editor.createModel(before, language), modified: editor.createModel(after, language) };
  const view = editor.createDiffEditor(host, {
    readOnly: true,
    automaticLayout: true,
    fontSize: 13,
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    renderSideBySide: true,
    maxComputationTime: 1_000,
    fixedOverflowWidgets: true,
  });
  view.setModel(models);
  return () => {
    view.dispose();
    models.original.dispose();
    models.modified.dispose();
  };
}

function workerFor(workers: Workers, label: string): string {
  if (label === "json") return workers.json;
  if (label === "javascript" || label === "typescript") return workers.typescript;
  return workers.editor;
}

function uriOf({ name, language }: PaneOptions): Uri {
  const extension = { javascript: "js", typescript: "ts", json: "json" }[language] ?? "txt";
  return Uri.parse(`file:///${name}.${extension}`);
}

function marker(one: Diagnostic): editor.IMarkerData {
  return {
    severity: one.severity === "error" ? MarkerSeverity.Error : MarkerSeverity.Warning,
    message: one.message,
    code: one.code,
    // Struck through.
    tags: one.code === "script.deprecated" ? [MarkerTag.Deprecated] : [],
    startLineNumber: one.line,
    startColumn: one.column,
    endLineNumber: one.end_line,
    endColumn: Math.max(one.end_column, one.line === one.end_line ? one.column + 1 : 1),
  };
}

function themes(): void {
  const look = (background: string, gutter: string, line: string) => ({
    "editor.background": background,
    "editorGutter.background": background,
    "editorLineNumber.foreground": gutter,
    "editor.lineHighlightBackground": line,
    "editor.lineHighlightBorder": "#00000000",
  });
  editor.defineTheme("scriptorium-light", {
    base: "vs",
    inherit: true,
    rules: [],
    colors: look("#ffffff", "#8b93a3", "#f5f6f9"),
  });
  editor.defineTheme("scriptorium-dark", {
    base: "vs-dark",
    inherit: true,
    rules: [],
    colors: look("#14161b", "#667085", "#1a1d24"),
  });
  useTheme();
}

function useTheme(): void {
  editor.setTheme(`scriptorium-${document.documentElement.dataset.theme ?? "light"}`);
}
