// Closures, classes with private fields and accessors, calls by way of a base class.
class Shape {
  #name;
  constructor(name) {
    this.#name = name;
  }
  get name() {
    return this.#name;
  }
  area() {
    return 0;
  }
  scaled(by) {
    return this.area() * by;
  }
}

class Rectangle extends Shape {
  constructor(width, height) {
    super("rectangle");
    this.width = width;
    this.height = height;
  }
  area() {
    return this.width * this.height;
  }
}

class Square extends Rectangle {
  constructor(side) {
    super(side, side);
  }
  area() {
    return super.area() + 1;
  }
}

const counter = (start) => {
  let count = start;
  return { add: (n) => (count += n), read: () => count };
};

export default function () {
  const counters = [counter(1), counter(2), counter(3)];
  for (let i = 0; i < 60_000; i++) {
    const shape = i % 2 ? new Rectangle(i % 10, 3) : new Square(i % 10);
    counters[i % 3].add(shape.scaled(2) + shape.name.length);
  }
  return counters.map((one) => one.read());
}
