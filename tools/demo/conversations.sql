-- About 1.2 conversations for each customer, and what was said in them.

-- One row for each conversation, with the facts that its texts speak of. Its number of messages and
-- the time of the last one are known only when the dialogue is drawn, so these come in two steps.
CREATE TEMP TABLE desk (
  id bigint NOT NULL,
  customer_id bigint NOT NULL,
  key bigint NOT NULL,
  outcome text NOT NULL,
  intent text NOT NULL,
  mood text NOT NULL,
  started timestamptz NOT NULL,
  escalation_id text,
  assigned_group text,
  first_name text NOT NULL,
  human text NOT NULL,
  amount text NOT NULL,
  small text NOT NULL,
  merchant text NOT NULL,
  payee text NOT NULL,
  last4 text NOT NULL,
  town text NOT NULL
) ON COMMIT DROP;

INSERT INTO desk
SELECT
  d.id,
  d.customer_id,
  d.key,
  d.outcome,
  t.intent,
  t.mood,
  d.started,
  CASE WHEN d.outcome IN ('escalated', 'mended') THEN 'ESC-' || lpad(d.ticket::text, greatest(6, length(d.ticket::text)), '0') END,
  CASE WHEN d.outcome IN ('escalated', 'mended') THEN t.assigned_group END,
  d.first_name,
  g.members[1 + pg_temp.dice(d.key, 60, cardinality(g.members))::integer],
  '£' || to_char((1200 + 78000 * (pg_temp.share(d.key, 61) * pg_temp.share(d.key, 61))::numeric) / 100, 'FM990.00'),
  '£' || to_char((120 + pg_temp.dice(d.key, 62, 1800)) / 100.0, 'FM990.00'),
  pg_temp.pick(d.key, 63, 'Greenfield Grocers', 'Harbour Market', 'Parcelbay', 'Circuit House', 'Marlowe''s Books',
    'Oak & Ivy Home', 'Café Lumière', 'Fenwick & Rose', 'Castle Fuels', 'Northline Rail', 'Hammer & Hinge DIY',
    'Bombay Lanes', 'Skybridge Airways', 'Wellbeing Pharmacy', 'Paws & Claws'),
  pg_temp.pick(d.key, 64, 'Maple Lettings', 'Halloway Builders', 'Mr Okafor', 'Zoë', 'J. Núñez',
    'Elmwood Nursery', 'Tern & Partners', 'Thistle Plumbing', 'Dr O''Neill', 'Anaïs', 'St Jude''s Sailing Club'),
  lpad(pg_temp.dice(d.key, 65, 10000)::text, 4, '0'),
  pg_temp.town(d.customer_id)
FROM (
  SELECT row_number() OVER (ORDER BY s.started, s.key) AS id, s.*,
    count(*) FILTER (WHERE s.outcome IN ('escalated', 'mended')) OVER (ORDER BY s.started, s.key) AS ticket
  FROM (
    SELECT o.*,
      -- Done with: within the last 18 months. Escalated: in the last days. Still going on: even later.
      greatest(o.joined + INTERVAL '25 minutes', pg_temp.by_day(CASE o.outcome
        WHEN 'waiting' THEN timestamptz :'reference_time' - INTERVAL '7 hours' - INTERVAL '60 hours' * pg_temp.share(o.key, 54)
        WHEN 'escalated' THEN timestamptz :'reference_time' - INTERVAL '30 hours' - INTERVAL '8 days' * pg_temp.share(o.key, 54)
        ELSE o.since + (timestamptz :'reference_time' - INTERVAL '4 days' - o.since) * pg_temp.share(o.key, 54)
      END, 7)) AS started
    FROM (
      SELECT c.id AS customer_id, c.first_name, c.created_at AS joined, c.id * 8 + n AS key,
        greatest(c.created_at, timestamptz :'reference_time' - INTERVAL '540 days') AS since,
        CASE
          WHEN pg_temp.dice(c.id * 8 + n, 53, 1000) < 30 THEN 'escalated'
          WHEN pg_temp.dice(c.id * 8 + n, 53, 1000) < 55 THEN 'mended'
          WHEN pg_temp.dice(c.id * 8 + n, 53, 1000) < 130 THEN 'waiting'
          WHEN pg_temp.dice(c.id * 8 + n, 53, 1000) < 440 THEN 'lapsed'
          ELSE 'solved'
        END AS outcome
      FROM fca.customers AS c
      CROSS JOIN LATERAL generate_series(1, CASE
        WHEN pg_temp.dice(c.id, 52, 100) < 34 THEN 0
        WHEN pg_temp.dice(c.id, 52, 100) < 66 THEN 1
        WHEN pg_temp.dice(c.id, 52, 100) < 84 THEN 2
        WHEN pg_temp.dice(c.id, 52, 100) < 95 THEN 3
        ELSE 4 END) AS n
    ) AS o
  ) AS s
) AS d
-- A topic stands in this list as often as its weight says.
JOIN (
  SELECT row_number() OVER (ORDER BY intent, n) - 1 AS no, topics.*
  FROM topics CROSS JOIN LATERAL generate_series(1, weight) AS n
) AS t ON t.no = pg_temp.dice(d.key, 55, (SELECT sum(weight) FROM topics)::bigint)
JOIN desk_groups AS g ON g.name = t.assigned_group
ORDER BY d.id;

-- The wording of each part for each topic: its own, or else the one for all topics.
CREATE TEMP TABLE wording (
  topic text NOT NULL,
  part text NOT NULL,
  choice bigint NOT NULL,
  choices bigint NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (topic, part, choice)
) ON COMMIT DROP;

INSERT INTO wording (topic, part, choice, choices, content)
SELECT t.intent, l.part,
  row_number() OVER (PARTITION BY t.intent, l.part ORDER BY l.id) - 1,
  count(*) OVER (PARTITION BY t.intent, l.part),
  l.content
FROM topics AS t
JOIN lines AS l ON l.topic = t.intent
  OR l.topic = '*' AND NOT EXISTS (SELECT FROM lines AS own WHERE own.topic = t.intent AND own.part = l.part);

-- Who speaks when: the steps that each conversation takes, with their pauses added up. Those that
-- lapsed are closed after 24 hours, by the run of the next night.
CREATE TEMP TABLE spoken (
  conversation_id bigint NOT NULL,
  step integer NOT NULL,
  said_at timestamptz NOT NULL
) ON COMMIT DROP;

INSERT INTO spoken (conversation_id, step, said_at)
SELECT p.id, p.step, CASE p.part WHEN 'closed' THEN pg_temp.nightly(p.said_at + INTERVAL '1 day') ELSE p.said_at END
FROM (
  SELECT d.id, c.step, c.part,
    d.started + sum(c.pause_from + pg_temp.share(d.key, 300 + c.step) * (c.pause_to - c.pause_from))
      OVER (PARTITION BY d.id ORDER BY c.step) * INTERVAL '1 second' AS said_at
  FROM desk AS d
  JOIN courses AS c ON c.outcome = d.outcome AND pg_temp.dice(d.key, 200 + c.coin, 100) < c.chance
) AS p;

ANALYZE desk, wording, spoken, courses;

INSERT INTO fca.conversations
  (id, customer_id, title, status, channel, summary, intent, sentiment, message_count,
   escalation_id, escalation_reason, priority, assigned_group, created_at, updated_at)
SELECT
  d.id,
  d.customer_id,
  replace(replace(replace(replace(replace(replace(t.titles[1 + pg_temp.dice(d.key, 401, 3)::integer],
    '{amount}', d.amount), '{small}', d.small), '{merchant}', d.merchant), '{payee}', d.payee), '{last4}', d.last4), '{town}', d.town),
  CASE d.outcome WHEN 'escalated' THEN 'escalated' WHEN 'waiting' THEN 'active' WHEN 'lapsed' THEN 'closed' ELSE 'resolved' END,
  pg_temp.pick(d.key, 56, 'web', 'web', 'web', 'web', 'web', 'web', 'web', 'mobile', 'mobile', 'mobile', 'mobile', 'mobile',
    'mobile', 'mobile', 'whatsapp', 'whatsapp', 'whatsapp', 'sms', 'sms', 'api'),
  -- A summary is written when a conversation is over.
  CASE WHEN d.outcome IN ('solved', 'lapsed', 'mended') THEN
    replace(replace(replace(replace(replace(t.summary,
      '{amount}', d.amount), '{small}', d.small), '{merchant}', d.merchant), '{payee}', d.payee), '{last4}', d.last4) END,
  d.intent,
  CASE d.outcome WHEN 'solved' THEN 'positive' WHEN 'mended' THEN 'positive' WHEN 'escalated' THEN 'negative' ELSE 'neutral' END,
  s.messages,
  d.escalation_id,
  CASE WHEN d.escalation_id IS NOT NULL THEN t.reason END,
  CASE WHEN d.escalation_id IS NOT NULL THEN pg_temp.pick(d.key, 57, VARIADIC t.priorities) END,
  d.assigned_group,
  d.started,
  s.last_said_at
FROM desk AS d
JOIN topics AS t ON t.intent = d.intent
JOIN (
  SELECT conversation_id, count(*) AS messages, max(said_at) AS last_said_at
  FROM spoken
  GROUP BY conversation_id
) AS s ON s.conversation_id = d.id
ORDER BY d.id;

SELECT setval(pg_get_serial_sequence('fca.conversations', 'id'), max(id)) AS last_id, count(*) AS loaded
FROM fca.conversations \gset
\echo '  conversations  ' :loaded

INSERT INTO fca.messages
  (id, conversation_id, role, content, agent_name, intent, sentiment, confidence_score, is_error, requires_human,
   metadata, created_at, updated_at)
SELECT
  row_number() OVER (ORDER BY s.said_at, s.conversation_id, s.step),
  s.conversation_id,
  c.role,
  CASE WHEN w.content LIKE '%{%' THEN
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(w.content,
      '{first}', d.first_name), '{amount}', d.amount), '{small}', d.small), '{merchant}', d.merchant), '{payee}', d.payee),
      '{last4}', d.last4), '{town}', d.town), '{human}', d.human), '{group}', d.assigned_group_or_none),
      '{ticket}', d.ticket_or_none), '{colleague}', split_part(d.human, ' ', 1)),
      '{date}', to_char(d.started - (1 + pg_temp.dice(d.key, 58, 9)) * INTERVAL '1 day', 'FMDD FMMonth'))
    ELSE w.content END,
  CASE c.role WHEN 'agent' THEN 'Assistant' WHEN 'human_agent' THEN d.human END,
  CASE c.intent WHEN 'topic' THEN d.intent ELSE c.intent END,
  CASE c.sentiment WHEN 'topic' THEN d.mood ELSE c.sentiment END,
  -- How sure the assistant was.
  CASE
    WHEN c.role <> 'agent' THEN NULL
    WHEN c.part = 'handover' OR f.unsure THEN 18 + pg_temp.dice(d.key, 500 + c.step, 30)
    ELSE 62 + pg_temp.dice(d.key, 500 + c.step, 38)
  END,
  c.part = 'error',
  -- Only while somebody still has to look: a ticket that is done with needs nobody.
  c.part = 'handover' AND d.outcome = 'escalated' OR f.unsure,
  CASE
    WHEN c.role = 'agent' THEN jsonb_build_object('latency_ms', 350 + pg_temp.dice(d.key, 600 + c.step, 2900))
    WHEN c.part = 'ticket' THEN jsonb_build_object('ticket', d.escalation_id, 'group', d.assigned_group)
    WHEN c.part = 'error' THEN '{"error": "timeout", "attempt": 1}'
    ELSE '{}'
  END,
  s.said_at,
  s.said_at
FROM spoken AS s
JOIN (
  -- replace() with a NULL would lose the text.
  SELECT *, coalesce(assigned_group, '') AS assigned_group_or_none, coalesce(escalation_id, '') AS ticket_or_none FROM desk
) AS d ON d.id = s.conversation_id
JOIN courses AS c ON c.outcome = d.outcome AND c.step = s.step
CROSS JOIN LATERAL (
  -- An answer in an open conversation that the assistant itself wants to have checked.
  SELECT c.part = 'answer' AND d.outcome = 'waiting' AND pg_temp.dice(d.key, 59, 100) < 8 AS unsure
) AS f
JOIN wording AS w ON w.topic = d.intent AND w.part = c.part AND w.choice = pg_temp.dice(d.key, 400 + c.step, w.choices)
ORDER BY s.said_at, s.conversation_id, s.step;

SELECT setval(pg_get_serial_sequence('fca.messages', 'id'), max(id)) AS last_id, count(*) AS loaded
FROM fca.messages \gset
\echo '  messages       ' :loaded
