/** Attribute values: text, lists of text, a number (f64) or an integer (i64). */
export type Attributes = Readonly<Record<string, string | readonly string[] | number | bigint>>
