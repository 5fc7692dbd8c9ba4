// JUnit XML as several runners write it, and hostile XML.
import { describe, expect, test } from "vitest";
import { parseJunit } from "./junit.ts";

describe("JUnit XML", () => {
  test("node: nested suites are the path", () => {
    const xml = `<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="suite # one" tests="3">
    <testcase name="adds &amp; more" classname="suite # one"/>
    <testcase name="skips" classname="suite # one"><skipped type="skipped"/></testcase>
  </testsuite>
  <testcase name="bad" classname="test" failure="x"><failure message="x">[31mred&lt;</failure></testcase>
  <testcase name="b.test.mjs" classname="test"/>
</testsuites>`;
    expect(parseJunit(`> npm test\n${xml}\ndone\n`)).toEqual({
      results: [
        { name: "suite # one > adds & more", otherName: "suite # one > adds & more", status: "passed" },
        { name: "suite # one > skips", otherName: "suite # one > skips", status: "skipped" },
        { name: "bad", otherName: "test > bad", status: "failed" },
      ],
      gaps: [],
      silentFiles: ["b.test.mjs"],
    });
  });

  test("pytest: the class is another name", () => {
    const xml = `<testsuites><testsuite name="pytest"><testcase classname="tests.test_a.TestA" name="test_one"><error/></testcase></testsuite></testsuites>`;
    expect(parseJunit(xml)).toMatchObject({
      results: [{ name: "pytest > test_one", otherName: "tests.test_a.TestA > test_one", status: "failed" }],
    });
  });

  test("a lone suite is a document", () => {
    expect(parseJunit(`<testsuite name="s"><testcase name="t"/></testsuite>`)).toMatchObject({
      results: [{ name: "s > t", status: "passed" }],
    });
  });

  test("what is not a whole document is unreadable", () => {
    expect(parseJunit(`<testsuites><testcase name="a"/>`)).toHaveProperty("unreadable");
    expect(parseJunit("Hello")).toEqual({ unreadable: "the output holds no JUnit document" });
    expect(parseJunit("")).toMatchObject({ results: [], gaps: ["the command wrote no report"] });
    expect(parseJunit("<testsuites>".repeat(200))).toHaveProperty("unreadable");
  });

  test("entities that a document declares are not expanded", () => {
    const xml = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite name="&a;"><testcase name="t"/></testsuite>`;
    expect(parseJunit(xml)).toHaveProperty("unreadable");
  });
});
