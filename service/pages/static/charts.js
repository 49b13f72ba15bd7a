// Plotly writes some styles as attributes, which the content policy forbids; written by property they are allowed.
// Loaded before Plotly.

const plain = Element.prototype.setAttribute;

Element.prototype.setAttribute = function setAttribute(name, value) {
  if (name === "style" && this.style) this.style.cssText = value;
  else plain.call(this, name, value);
};
