// The inverse of justlmd/view/packing.py: base64, gzip, byte planes, zigzag, differences.

export async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Integers of C channels, each channel a typed array of its own. Sums are modulo 65,536, as they were packed. */
export async function unpack(base64, channels, order, signed = true) {
  const planes = await inflate(base64);
  const count = planes.length / 2 / channels;
  const low = planes.length / 2;
  const result = [];
  for (let channel = 0; channel < channels; channel++) {
    const values = signed ? new Int16Array(count) : new Uint16Array(count);
    const sums = [0, 0];
    for (let index = 0, at = channel * count; index < count; index++, at++) {
      const zigzag = planes[at] * 256 + planes[low + at];
      let value = (zigzag >> 1) ^ -(zigzag & 1);
      for (let level = 0; level < order; level++) value = sums[level] += value;
      values[index] = value;
    }
    result.push(values);
  }
  return result;
}
