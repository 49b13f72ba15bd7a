// Which key does what on the desk. A command is [name, ...arguments].

const ARROWS = { ArrowLeft: -1, ArrowRight: 1 };
const PLAIN = {
  ArrowDown: ["pickMark", 1], ArrowUp: ["pickMark", -1], Delete: ["remove"], Backspace: ["remove"], x: ["remove"],
  u: ["undo"], n: ["finish"], s: ["skip"], "=": ["type"], "-": ["certain"],
  "[": ["edge", "start", -1], "{": ["edge", "start", 1], "]": ["edge", "end", 1], "}": ["edge", "end", -1],
};

/** The command of a key, or null: typing into a control, and keys of the browser, are left alone. */
export function commandOf(event, fields) {
  if (event.isComposing || event.target.closest?.("input, select, textarea")) return null;
  const jump = event.ctrlKey || event.altKey;
  if (event.metaKey) return null;
  if (event.key in ARROWS) return [jump ? "word" : "step", ARROWS[event.key], event.shiftKey];
  if (event.key === "Home" || event.key === "End") return ["line", event.key === "End", event.shiftKey];
  if (event.key === "Enter") return enter(event);
  if (event.ctrlKey && event.key.toLowerCase() === "z") return ["undo"];
  if (jump) return null;
  if (event.key in PLAIN) return PLAIN[event.key];
  if (/^\d$/.test(event.key)) return ["choose", Number(event.key)];
  const field = fields.find((one) => one.key === event.key);
  return field ? ["label", field.name] : null;
}

function enter(event) {
  if (event.ctrlKey) return ["finish"];
  if (event.target.closest?.("button, a, summary")) return null;
  return [event.shiftKey ? "acceptAll" : "accept"];
}
