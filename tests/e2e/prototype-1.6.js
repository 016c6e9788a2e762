// What Prototype 1.6 puts in the place of built-ins (its `Array.from`, `toJSON` of arrays, texts, numbers and dates, `reduce`, `bind`),
// and two replacements that pages are known to bring along: a date that says its local time, and a `Math.random` that is seeded.
(() => {
  const inspect = (text) => `"${text.replace(/[\\"]/g, "\\$&")}"`;
  const toJSON = (value) => (value?.toJSON ? value.toJSON() : JSON.stringify(value));
  Array.from = (iterable) => {
    if (!iterable) return [];
    if (iterable.toArray) return iterable.toArray();
    const results = new Array(iterable.length || 0);
    for (let place = results.length; place--; ) results[place] = iterable[place];
    return results;
  };
  const extend = (target, methods) => Object.assign(target, methods);
  extend(Array.prototype, {
    toArray() {
      return [].concat(this);
    },
    toJSON() {
      return `[${Array.prototype.slice.call(this).map(toJSON).join(", ")}]`;
    },
    reduce() {
      return this.length > 1 ? this : this[0];
    },
    each(run) {
      for (let place = 0; place < this.length; place++) run(this[place], place);
      return this;
    },
    first() {
      return this[0];
    },
    clone() {
      return [].concat(this);
    },
  });
  extend(String.prototype, {
    toJSON() {
      return inspect(String(this));
    },
    toArray() {
      return this.split("");
    },
  });
  extend(Number.prototype, {
    toJSON() {
      return Number.isFinite(Number(this)) ? this.toString() : "null";
    },
  });
  extend(Date.prototype, {
    toJSON() {
      const two = (number) => String(number).padStart(2, "0");
      const time = `${two(this.getHours() + 1)}:${two(this.getMinutes())}:${two(this.getSeconds())}`;
      return `"${this.getFullYear()}-${two(this.getMonth() + 1)}-${two(this.getDate())}T${time}Z"`;
    },
  });
  extend(Function.prototype, {
    bind(object, ...given) {
      return (...args) => this.apply(object, given.concat(args));
    },
  });
  let seed = 1;
  Math.random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
})();
