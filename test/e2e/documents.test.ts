// The documents name files that exist, and their links lead somewhere.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT } from "../../scripts/support/gateway-process.ts";

const DOCUMENTS = [
  ...readdirSync(PROJECT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(PROJECT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

const read = (document: string) => readFileSync(join(PROJECT, document), "utf8");

/** The anchors of a document's headings, as GitHub forms them. */
const anchorsOf = (document: string) =>
  [...read(document).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

describe.each(DOCUMENTS)("%s", (document) => {
  it("names only files and folders of the project that exist", () => {
    const named = [...read(document).matchAll(/`((?:src|test|scripts|bench|docs)\/[\w./-]+)`/g)];
    expect(named.map(([, path = ""]) => path).filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
  });

  it("links only to files and headings that exist", () => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    const broken = links.filter(([, path = "", anchor]) => {
      const target = path === "" ? document : join(dirname(document), path);
      if (!existsSync(join(PROJECT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});
