// Drawings that both pages have on their cards: the d of an SVG path in a square of 24.

export const PILE = "M12 3l9 5-9 5-9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5";
export const COIN =
  "M12 3v18M16.5 7.5C16 6 14.3 5.2 12 5.2c-2.6 0-4.5 1.2-4.5 3.2 0 4.6 9.2 2.2 9.2 7 0 2.1-2 3.4-4.7 3.4-2.5 0-4.4-1-4.9-2.8";
