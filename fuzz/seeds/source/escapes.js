const \u0061b = '\u{1F600}\x41\
\0', /* */ r = /[/\]](?<a>\k<a>)\p{L}/giu;
function \u{6d}ain() { return `\u{61}${`${r}`}` }
