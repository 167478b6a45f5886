// An operating system in small: tasks of three kinds that send packets to each other by priority.
class Packet {
  constructor(kind, value) {
    this.kind = kind;
    this.value = value;
    this.next = null;
  }
}

class Task {
  constructor(priority) {
    this.priority = priority;
    this.first = null;
    this.last = null;
    this.handled = 0;
  }
  send(packet) {
    packet.next = null;
    if (this.last) this.last.next = packet;
    else this.first = packet;
    this.last = packet;
  }
  take() {
    const packet = this.first;
    this.first = packet.next;
    if (!this.first) this.last = null;
    this.handled++;
    return packet;
  }
}

class Worker extends Task {
  run(system) {
    const packet = this.take();
    packet.value = (Math.imul(packet.value, 1103515245) + 12345) & 0x7fffffff;
    packet.kind = packet.value & 256 ? "device" : "handler";
    system.tasks[packet.kind].send(packet);
  }
}

class Handler extends Task {
  run(system) {
    const packet = this.take();
    packet.value ^= this.handled;
    system.tasks.device.send(packet);
  }
}

class Device extends Task {
  run(system) {
    const packet = this.take();
    system.sum = (system.sum + packet.value) | 0;
    if (system.left-- > 0) system.tasks.worker.send(packet);
  }
}

export default function () {
  const system = { sum: 0, left: 60_000, tasks: { worker: new Worker(1), handler: new Handler(2), device: new Device(3) } };
  for (let value = 0; value < 50; value++) system.tasks.worker.send(new Packet("worker", value));
  const order = Object.values(system.tasks).sort((one, other) => other.priority - one.priority);
  for (;;) {
    const next = order.find((task) => task.first !== null);
    if (!next) break;
    next.run(system);
  }
  return [system.sum, ...order.map((task) => task.handled)];
}
