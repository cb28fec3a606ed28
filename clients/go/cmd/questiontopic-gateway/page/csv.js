// CSV as RFC 4180 has it, with a comma, a semicolon or a tab between the fields.

// parse returns the rows of a file, each a list of fields, and the delimiter. A blank line is not a row.
export function parse(text) {
  const source = text.replace(/^\ufeff/, "");
  const delimiter = delimiterOf(source);
  const rows = [];
  let row = [];
  let field = "";
  let quoted = false;
  let line = 1;
  let opened = 0;
  const endField = () => {
    row.push(field);
    field = "";
  };
  const endRow = () => {
    endField();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < source.length; at++) {
    const character = source[at];
    if (character === "\n") line++;
    if (quoted) {
      if (character !== '"') field += character;
      else if (source[at + 1] === '"') field += source[++at];
      else quoted = false;
    } else if (character === '"' && field === "") {
      quoted = true;
      opened = line;
    } else if (character === delimiter) {
      endField();
    } else if (character === "\n" || character === "\r") {
      if (character === "\r" && source[at + 1] === "\n") {
        at++;
        line++;
      }
      endRow();
    } else {
      field += character;
    }
  }
  if (quoted) throw new Error(`The quotation mark that opens in line ${opened} is not closed.`);
  if (field !== "" || row.length > 0) endRow();
  return { rows, delimiter };
}

// format returns the rows as text. Excel needs the mark at its beginning to read it as UTF-8.
export function format(rows, delimiter) {
  const special = new RegExp(`["\\r\\n${delimiter}]`);
  const quote = (field) => (special.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
  return "\ufeff" + rows.map((row) => row.map(quote).join(delimiter) + "\r\n").join("");
}

// delimiterOf returns the delimiter that the first line has most often outside quotation marks.
function delimiterOf(source) {
  const first = source.replace(/"[^"]*"/g, "").split(/[\r\n]/, 1)[0];
  const count = (delimiter) => first.split(delimiter).length;
  return [",", ";", "\t"].reduce((best, next) => (count(next) > count(best) ? next : best));
}
