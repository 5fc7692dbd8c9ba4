#!/bin/sh
# The smallest program agent in POSIX shell: it reads the brief, appends one line to a file in the
# workspace, and says so. Copy it to start an agent in any language that can read and print.
set -eu

say() { printf '%s\n' "$1"; }

# stdin is one JSON document and then ends. Without a JSON parser in the box, take the one string we need:
# the attempt's id, which holds no character that would need escaping.
brief=$(cat)
attempt=$(say "$brief" | tr -d '\n' | sed -n 's/.*"attempt"[[:space:]]*:[[:space:]]*{[^}]*"id"[[:space:]]*:[[:space:]]*"\([A-Za-z0-9._:-]*\)".*/\1/p')

say '{"type":"progress","text":"read the brief","fraction":0.5}'

# The current folder is the workspace. Whatever is in it when the program ends, or is stopped, is the result.
printf 'attempt %s was here\n' "${attempt:-unknown}" >> echo.txt
echo "wrote echo.txt" >&2 # stderr is a log for people

say '{"type":"handoff","status":"done","summary":"Appended a line to echo.txt.","done":["echo.txt has one more line"],"leftUndone":[],"commands":[],"testsAdded":[],"issues":[],"deviations":[]}'
