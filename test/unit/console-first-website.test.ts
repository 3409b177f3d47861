// The website that "Try it" starts with.

import { expect, it } from "vitest";
import { firstWebsiteOf } from "../../src/console/tasks/first-website.ts";

it.each([
  [["shop.example.com"], "https://shop.example.com/"],
  [["*.shop.example", "shop.example"], "https://shop.example/"],
  [["*.shop.example"], "https://www.shop.example/"],
  [["*"], "https://antcpt.com/score_detector"],
  [["shop.example", "antcpt.com"], "https://antcpt.com/score_detector"],
  [["shop.example", "*.com"], "https://antcpt.com/score_detector"],
  [[], null],
])("of the allow-list %j is %s", (hosts, url) => {
  expect(firstWebsiteOf(hosts)).toBe(url);
});
