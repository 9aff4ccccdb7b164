// The ids of collections, users, bots and channels.

/** As the attribute `pattern` takes it. */
export const UUID_PATTERN = "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}";

const WHOLE = new RegExp(`^${UUID_PATTERN}$`);

export function isUuid(text) {
  return WHOLE.test(text);
}
