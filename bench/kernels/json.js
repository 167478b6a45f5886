// 1 MB of JSON written and read, twice.
export default function () {
  let rows = Array.from({ length: 7000 }, (_, id) => ({
    id,
    name: `row ${id}`,
    price: id / 4,
    tags: ["a", "b", `c${id % 7}`],
    place: { street: "Main \"Street\"", number: id % 100, open: id % 3 === 0, note: null },
  }));
  let length = 0;
  for (let turn = 0; turn < 2; turn++) {
    const text = JSON.stringify(rows);
    length += text.length;
    rows = JSON.parse(text);
  }
  return [length, rows.reduce((sum, row) => sum + row.price * row.place.number, 0)];
}
