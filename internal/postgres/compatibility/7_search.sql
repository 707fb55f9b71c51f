-- The functions of package search. A text is folded to be compared without case and
-- accents; sqlite.search_letters has what each letter but ASCII's becomes.
CREATE OR REPLACE FUNCTION sqlite.search_fold_letters(v pg_catalog.text) RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
  letter pg_catalog.text;
BEGIN
  v := normalize(v, NFKD);
  -- Accents go first: an iota becomes the accent that stands below letters.
  FOR letter IN SELECT c FROM unnest(string_to_array(v, NULL)) AS c WHERE octet_length(c) > 1 AND sqlite.search_letters() ? c
    GROUP BY c ORDER BY sqlite.search_letters() ->> c <> '' LOOP
    v := replace(v, letter, sqlite.search_letters() ->> letter);
  END LOOP;
  RETURN v;
END $$;
CREATE OR REPLACE FUNCTION sqlite.search_fold(v pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT pg_catalog.lower(pg_catalog.translate(
    CASE WHEN pg_catalog.octet_length(v) OPERATOR(pg_catalog.>) pg_catalog.char_length(v) THEN sqlite.search_fold_letters(v) ELSE v END, pg_catalog.chr(1), ' ') COLLATE "C")
$$;

-- The pieces of one, two and three characters that a row is found by. Each has the
-- owner, so that a search touches nobody else's rows. Long rows have one piece in
-- common instead. To read three shifted copies of the text side by side costs less than
-- to sort its letters, and so does to prefix the owner to distinct pieces alone: this is
-- most of what a write of a long note costs.
CREATE OR REPLACE FUNCTION sqlite.search_grams(owner pg_catalog.text, VARIADIC fields pg_catalog.text[]) RETURNS pg_catalog.text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100000 SET search_path = pg_catalog AS $$
DECLARE
  content pg_catalog.text;
BEGIN
  SELECT string_agg(sqlite.search_fold(f), chr(1) ORDER BY n) INTO content FROM unnest(fields) WITH ORDINALITY AS u(f, n);
  IF octet_length(content) > 65536 THEN
    RETURN ARRAY[owner || chr(1) || 'long'];
  END IF;
  RETURN (
    WITH letters AS MATERIALIZED (
      SELECT a COLLATE "C" AS a, coalesce(b, '') COLLATE "C" AS b, coalesce(c, '') COLLATE "C" AS c
      FROM unnest(string_to_array(content, NULL), string_to_array(substr(content, 2), NULL), string_to_array(substr(content, 3), NULL)) AS u(a, b, c)
      GROUP BY 1, 2, 3
    )
    SELECT coalesce(array_agg(owner || chr(1) || gram), '{}')
    FROM (SELECT a AS gram FROM letters UNION SELECT a || b FROM letters UNION ALL SELECT a || b || c FROM letters WHERE c <> '') AS grams
  );
END $$;

-- The pieces of a term that a row must have.
CREATE OR REPLACE FUNCTION sqlite.search_pieces(owner pg_catalog.text, term pg_catalog.text) RETURNS pg_catalog.text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  term := sqlite.search_fold(term);
  RETURN (SELECT array_agg(DISTINCT owner || chr(1) || substr(term, i, 3)) FROM generate_series(1, greatest(length(term) - 2, 1)) AS i);
END $$;

-- Whether a row of the sought owner may contain a term: it has its pieces or is long. PostgreSQL puts the body in the place of a
-- call, and finds an index over search_grams of the same arguments.
CREATE OR REPLACE FUNCTION sqlite.search_contains(owner pg_catalog.text, sought pg_catalog.text, term pg_catalog.text, VARIADIC fields pg_catalog.text[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sqlite.search_grams(owner, VARIADIC fields) OPERATOR(pg_catalog.@>) sqlite.search_pieces(sought, term)
    OR sqlite.search_grams(owner, VARIADIC fields) OPERATOR(pg_catalog.@>) ARRAY[sought OPERATOR(pg_catalog.||) pg_catalog.chr(1) OPERATOR(pg_catalog.||) 'long']
$$;
