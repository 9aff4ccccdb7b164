/** A function of an object, such as a reply, that is worked out once for each and not with every view of it. */
export function oncePer(work) {
  const found = new WeakMap();
  return (object) => {
    if (!found.has(object)) {
      found.set(object, work(object));
    }
    return found.get(object);
  };
}
