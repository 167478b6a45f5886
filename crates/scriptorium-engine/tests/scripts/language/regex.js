// expect: ok ["21.11.2026","42",true]
export default () => ['2026-11-21'.replace(/(?<y>\d+)-(?<m>\d+)-(?<d>\d+)/u, '$<d>.$<m>.$<y>'), /(?<=\$)\d+/.exec('$42')[0], /\p{Lu}/u.test('Ы')]
