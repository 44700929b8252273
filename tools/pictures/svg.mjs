/**
 * Parts of the pictures in docs/images: text, lines, and the frame that makes them readable on light and on dark. A page
 * may be dark while the reader's system is light: the picture brings its own ground.
 */

const STYLE = `
  .ground { fill: #ffffff }
  text { font: 13px system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: #1b1f24 }
  .over { stroke: #ffffff; stroke-width: 5px; paint-order: stroke }
  .small { font-size: 11.5px; fill: #57606a } .head { font-weight: 600 } .mono { font-family: ui-monospace, Consolas, monospace }
  .line { stroke: #57606a; stroke-width: 1.2; fill: none } .life { stroke: #afb8c1; stroke-width: 1; stroke-dasharray: 3 4 }
  .box { fill: #f6f8fa; stroke: #d0d7de } .yes { fill: #0a6b3d } .derived { fill: #9a5b00 } .no { fill: #8c959f }
  .yes-box { fill: #dafbe1; stroke: none } .derived-box { fill: #fff1d6; stroke: none } .accent { stroke: #0550ae; fill: #0550ae }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .over { stroke: #0d1117 } text { fill: #e6edf3 } .small { fill: #9da7b1 } .line { stroke: #9da7b1 } .life { stroke: #4a525b }
    .box { fill: #161b22; stroke: #30363d } .yes { fill: #56d388 } .derived { fill: #e3b341 } .no { fill: #6e7681 }
    .yes-box { fill: #12361f } .derived-box { fill: #3a2a08 } .accent { stroke: #79b8ff; fill: #79b8ff }
  }`;

export function escaped(text) {
  return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function text(x, y, content, { style = '', anchor = 'start' } = {}) {
  const classes = style === '' ? '' : ` class="${style}"`;
  return `<text x="${x}" y="${y}"${classes}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escaped(content)}</text>`;
}

export function box(x, y, width, height, style = 'box') {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="5" class="${style}"/>`;
}

export function line(x1, y1, x2, y2, style = 'line') {
  return `<path d="M${x1} ${y1}L${x2} ${y2}" class="${style}"/>`;
}

/** A horizontal arrow with its head at x2. */
export function arrow(x1, x2, y, style = 'line') {
  const back = x2 > x1 ? -7 : 7;
  return `<path d="M${x1} ${y}H${x2}" class="${style}"/><path d="M${x2} ${y}l${back} -4v8z" class="${style}" style="stroke:none;fill:currentColor"/>`;
}

/** A whole picture; `title` and `description` are what a screen reader says. */
export function picture({ width, height, title, description }, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="t d" color="#57606a">
<title id="t">${escaped(title)}</title>
<desc id="d">${escaped(description)}</desc>
<style>${STYLE}
</style>
<rect width="${width}" height="${height}" rx="6" class="ground"/>
${parts.join('\n')}
</svg>
`;
}
