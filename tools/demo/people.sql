-- The customers, :customers of them, in the order in which they joined.

-- Names that come first in a list are drawn more often than those at its end.
CREATE TEMP TABLE first_names (no bigint PRIMARY KEY, name text NOT NULL) ON COMMIT DROP;

INSERT INTO first_names (no, name)
SELECT row_number() OVER (ORDER BY f.place) - 1, f.name
FROM string_to_table(
  'David,Emma,James,Sarah,Thomas,Olivia,Mohammed,Amelia,Daniel,Sophie,Jack,Emily,Michael,Grace,'
  'Oliver,Charlotte,Matthew,Jessica,George,Laura,Harry,Hannah,Christopher,Rebecca,William,Lucy,Andrew,Isla,'
  'Benjamin,Megan,Samuel,Alice,Robert,Chloe,Luke,Fatima,Adam,Zoë,Ryan,Priya,Liam,Aisha,Joseph,Eleanor,'
  'Nathan,Ruby,Callum,Freya,Alexander,Poppy,Jamie,Katherine,Stephen,Helen,Paul,Margaret,Peter,Joan,Kevin,'
  'Siân,Owen,Bronwen,Gareth,Carys,Rhys,Siobhán,Ciarán,Aoife,Seán,Niamh,Hamish,Ailsa,Fergus,Morag,'
  'Ravi,Ananya,Arjun,Meera,Imran,Zainab,Yusuf,Nadia,Kwame,Adaeze,Femi,Ngozi,Tomasz,Agnieszka,Piotr,Małgorzata,'
  'Andrei,Ioana,Wei,Mei,Hiroshi,Yuki,José,Sofía,André,Inês,François,Chloé,Renée,Jürgen,Käthe,Søren,Åsa,'
  'Björn,Nuño,Đorđe,Šárka,Ömer,Ayşe,Léa,Noël,Thérèse,Anaïs,Jean-Luc,Mary-Ann,D''Arcy', ','
) WITH ORDINALITY AS f (name, place);

CREATE TEMP TABLE last_names (no bigint PRIMARY KEY, name text NOT NULL) ON COMMIT DROP;

INSERT INTO last_names (no, name)
SELECT row_number() OVER (ORDER BY l.place) - 1, l.name
FROM string_to_table(
  'Smith,Jones,Taylor,Williams,Brown,Patel,Davies,Evans,Wilson,Thomas,Roberts,Johnson,Khan,Walker,Wright,'
  'Robinson,Thompson,White,Hughes,Edwards,Green,Hall,Wood,Harris,Lewis,Martin,Jackson,Clarke,Clark,Turner,'
  'Hill,Scott,Cooper,Morris,Ward,Moore,King,Watson,Baker,Harrison,Morgan,Singh,Ahmed,Allen,Campbell,Stewart,'
  'MacDonald,Murray,Fraser,Hussain,Begum,Kaur,Ali,Shah,Mitchell,Phillips,Bennett,Carter,Cook,Bailey,Collins,'
  'Parker,Griffiths,Price,Ellis,Llewellyn,Pritchard,Murphy,Kelly,O''Neill,O''Brien,O''Connor,Byrne,Doyle,Gallagher,'
  'McCarthy,D''Souza,Fernandes,Mensah,Okafor,Adeyemi,Osei,Chen,Wong,Nguyen,Tanaka,Kowalski,Nowak,Wiśniewska,'
  'Zieliński,Popescu,Ionescu,Silva,Gonçalves,Núñez,García,Muñoz,Fernández,Müller,Schröder,Weiß,Larsen,Sørensen,'
  'Björk,Åkesson,Lindström,Mäkinen,Lefèvre,Çelik,Yılmaz,Novák,Dvořák,Kovačević,Horváth,Szabó,'
  'Featherstonehaugh,Cholmondeley,Fitzgerald,St John,de la Cruz,van den Berg,Smith-Jones,Walker-Okafor,Ó Súilleabháin', ','
) WITH ORDINALITY AS l (name, place);

INSERT INTO fca.customers
  (id, customer_id, email, first_name, last_name, phone, is_active, is_verified, is_vip, notes, created_at, updated_at)
SELECT
  c.id,
  'CUST-' || lpad(c.id::text, greatest(6, length(c.id::text)), '0'),
  -- The number makes the address unique; a mailbox holds plain letters only.
  lower(translate(f.name || '.' || l.name,
    'ÅÇÓÖßáâäçèéêëíïñóöøúüćčĐđıłńřśşŠ'' ',
    'ACOOsaaaceeeeiinooouuccDdilnrssS'))
    || c.id || '@' || pg_temp.pick(c.id, 3, 'example.com', 'example.org', 'example.net', 'mail.example', 'post.example'),
  f.name,
  l.name,
  -- Of the range that is kept free for fiction.
  CASE WHEN pg_temp.dice(c.id, 4, 100) < 93
    THEN '+44 7700 900' || lpad(pg_temp.dice(c.id, 5, 1000)::text, 3, '0') END,
  pg_temp.dice(c.id, 6, 100) < 95,
  pg_temp.dice(c.id, 7, 100) < 91,
  pg_temp.dice(c.id, 8, 100) < 2,
  CASE WHEN pg_temp.dice(c.id, 9, 100) < 6 THEN pg_temp.pick(c.id, 10,
    'Prefers to be called in the afternoon.',
    'Large print for all letters, please.',
    'Speaks Welsh; letters in Welsh.',
    'Third party mandate: daughter may ask about bills.',
    'Hard of hearing, uses Relay UK.',
    'Moved here with the switch service.',
    'Bereaved in spring; please be considerate.',
    'Complained about a café payment, settled with £25.',
    'Name is pronounced "Shiv-awn".',
    'Works nights; no calls before noon.') END,
  c.joined,
  c.joined + (timestamptz :'reference_time' - c.joined)
    * CASE WHEN pg_temp.dice(c.id, 11, 100) < 40 THEN 0 ELSE pg_temp.share(c.id, 12) END
FROM (
  -- Ten years, with more customers in each one than in the one before. Some came in fives, at one
  -- time, from a bank that closed.
  SELECT n AS id,
    pg_temp.by_day(timestamptz '2016-07-01 00:00+00' + INTERVAL '3636 days' * sqrt(
      (CASE WHEN pg_temp.dice((n - 1) / 5, 13, 8) = 0 THEN n - (n - 1) % 5 ELSE n END - 0.5) / :customers::double precision), 7)
      AS joined
  FROM generate_series(1, :customers::bigint) AS n
) AS c
JOIN first_names AS f
  ON f.no = floor((SELECT count(*) FROM first_names) * pg_temp.share(c.id, 1) * sqrt(pg_temp.share(c.id, 1)))::bigint
JOIN last_names AS l
  ON l.no = floor((SELECT count(*) FROM last_names) * pg_temp.share(c.id, 2) * sqrt(pg_temp.share(c.id, 2)))::bigint
ORDER BY c.id;

SELECT setval(pg_get_serial_sequence('fca.customers', 'id'), max(id)) AS last_id, count(*) AS loaded
FROM fca.customers \gset
\echo '  customers      ' :loaded

-- The accounts are joined to them next.
ANALYZE fca.customers;
