# Roles, row-level security and column privileges: with plans that another role has
# warmed, every function gives what plain SQL gives that role, and no error, notice
# or estimate tells more than plain SQL's.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('roles');
$node->start;
run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');
my $super = $node->safe_psql('postgres', 'SELECT current_user');

my @tables = relations($node, 'postgres');
my %visible = (keeper => 'id % 3 <> 0', reader => 'id % 2 = 1', writer => 'id % 4 <> 0');
$node->safe_psql('postgres', join ";\n",
	(map { "CREATE ROLE $_; GRANT USAGE ON SCHEMA fca, test TO $_" } sort(keys %visible), 'nobody', 'clerk'),
	'GRANT CREATE ON SCHEMA fca TO keeper', 'GRANT CREATE ON SCHEMA test TO writer',
	(map { my $table = $_;
		("ALTER TABLE fca.$table OWNER TO keeper",
			"ALTER TABLE fca.$table ENABLE ROW LEVEL SECURITY",
			# so that its owner is bound too
			"ALTER TABLE fca.$table FORCE ROW LEVEL SECURITY",
			map { "CREATE POLICY $_ ON fca.$table TO $_ USING ($visible{$_}) WITH CHECK ($visible{$_})" }
			  sort keys %visible) } @tables),
	'GRANT SELECT ON ALL TABLES IN SCHEMA fca TO reader',
	'GRANT ALL ON ALL TABLES IN SCHEMA fca TO writer');

#
# Reads with warm plans
#

my @reads = ((map { my $n = $_; map { [ $n, finder_call($n, $_) ] } 1 .. 4 } finder_names),
	(map { my $n = $_; map { [ $n, read_call($n, $_) ] } 1 .. 4 }
	  # an estimate is another thing than rows; see below
	  grep { $_ ne 'count_estimate' } read_names));

sub digest
{
	my ($call) = @_;
	return "SELECT coalesce(md5(jsonb_agg(to_jsonb(f))::text), 'none') FROM ($call) AS f";
}

# What a role may see, by plain SQL, is all there is in a database of its own: what
# the calls give there is right.
my %right = ($super => [ split /\n/,
	$node->safe_psql('postgres', join ";\n", map { digest($_->[1]) } @reads) ]);
foreach my $role (sort keys %visible)
{
	my @keep = map { "DELETE FROM fca.$_ WHERE id NOT IN ("
		  . $node->safe_psql('postgres',
			"SET ROLE $role; SELECT coalesce(string_agg(id::text, ','), '0') FROM fca.$_")
		  . ')' } @tables;
	$node->safe_psql('postgres', "CREATE DATABASE seen_by_$role TEMPLATE postgres");
	$node->safe_psql("seen_by_$role", join ";\n", q{
		DO $$ DECLARE c record; BEGIN
			FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' LOOP
				EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname);
			END LOOP;
		END $$}, @keep);
	$right{$role} = [ split /\n/, $node->safe_psql("seen_by_$role", join ";\n",
		map { digest($_->[1]) } @reads) ];
	is(@{ $right{$role} }, @reads, "what $role may see is known");
	isnt("@{$right{$role}}", "@{$right{$super}}", 'and is not everything');
}

$node->safe_psql('postgres', q{
	CREATE FUNCTION test.as_writer(call text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
	DECLARE r text; BEGIN EXECUTE call INTO r; RETURN r; END $$;
	ALTER FUNCTION test.as_writer OWNER TO writer;
});

# One session, in which each role's plan is the one that the role before has left.
my @order = ($super, 'nobody', 'keeper', 'reader', 'writer', 'nobody', 'reader', $super, 'keeper', 'definer',
	'nobody', 'writer');
my $script = '';
foreach my $i (0 .. $#reads)
{
	my $text = digest($reads[$i]->[1]);
	foreach my $role (@order)
	{
		# a function with the rights of the writer, called by nobody
		my $statement = $role eq 'definer'
		  ? "SET ROLE nobody;\nSELECT test.as_writer(\$call\$$text\$call\$)" : "SET ROLE $role;\n$text";
		my $as = $role eq 'definer' ? 'writer' : $role;
		$statement =~ s/SELECT coalesce\((.*?)\) FROM \(SELECT/SELECT coalesce($1) AS got FROM (SELECT/
			if $role ne 'definer';
		$statement .= ' AS got' if $role eq 'definer';
		my $wanted = $role eq 'nobody' ? '42501 none' : "00000 $right{$as}->[$i]";
		$script .= "\\set got none\n$statement \\gset\n\\echo $i $role $wanted :SQLSTATE :got\n";
	}
}
my ($status, $stdout, $stderr) = $node->psql('postgres', $script, on_error_stop => 0);
my (%wrong, $compared);
foreach (split /\n/, $stdout)
{
	my ($i, $role, $state, $rows, $got_state, $got) = split / /;
	$compared++;
	push @{ $wrong{ $reads[$i]->[0] } }, "$role: $got_state $got" if "$got_state $got" ne "$state $rows";
}
is($compared, @reads * @order, 'every call by every role');
is(join('; ', map { "$_: @{$wrong{$_}}" } sort keys %wrong), '',
	'gives what the role may see, whoever warmed the plan');
my %refusals = map { $_ => 1 } $stderr =~ /ERROR:  (.*)/g;
is(join('; ', grep { !/^permission denied for table \w+$/ } keys %refusals), '',
	'a refusal says no more than that');

#
# Writes with warm plans, beside plain SQL
#

my @writes = (
	[ q{fca.create(NULL::fca.faq, '{"id": %d, "question": "q", "answer": "a"}')},
		q{INSERT INTO fca.faqs (id, question, answer) VALUES (%d, 'q', 'a')}
		  . ' RETURNING id, question, answer, category, keywords, is_active' ],
	[ q{fca.create_many(NULL::fca.faq, '[{"id": %d, "question": "q", "answer": "a"}]')},
		q{INSERT INTO fca.faqs (id, question, answer) VALUES (%d, 'q', 'a')}
		  . ' RETURNING id, question, answer, category, keywords, is_active' ],
	[ q{fca.update(NULL::fca.product, %d, '{"description": "d"}')},
		q{UPDATE fca.products SET description = 'd', updated_at = now() WHERE id = %d RETURNING *} ],
	[ q{fca.update_if(NULL::fca.product, %d, '{"is_active": true}', '{"description": "d"}')},
		q{UPDATE fca.products SET description = 'd', updated_at = now()}
		  . ' WHERE id = %d AND is_active RETURNING *' ],
	[ q{fca.update_many(NULL::fca.account, '{"id": {"gte": %d}}', '{"balance": 1}')},
		q{UPDATE fca.accounts SET balance = 1, updated_at = now() WHERE id >= %d} ],
	[ q{fca.update(NULL::fca.product, %d, '{"id": 1000}')},
		q{UPDATE fca.products SET id = 1000, updated_at = now() WHERE id = %d RETURNING *} ],
	[ q{fca.delete(NULL::fca.message, %d)}, q{DELETE FROM fca.messages WHERE id = %d} ],
	[ q{fca.delete_many(NULL::fca.transaction, '{"id": {"lte": %d}}')},
		q{DELETE FROM fca.transactions WHERE id <= %d} ],
	[ q{fca.upsert(NULL::fca.product, '{"id": %d, "name": "n", "type": "loan"}')},
		q{INSERT INTO fca.products AS p (id, name, type) VALUES (%d, 'n', 'loan')}
		  . q{ ON CONFLICT (id) DO UPDATE SET name = 'n', type = 'loan', updated_at = now() RETURNING *} ],
	[ q{fca.upsert_many(NULL::fca.product, '[{"id": %d, "name": "n", "type": "loan"}]')},
		q{INSERT INTO fca.products AS p (id, name, type) VALUES (%d, 'n', 'loan')}
		  . q{ ON CONFLICT (id) DO UPDATE SET name = 'n', type = 'loan', updated_at = now() RETURNING *} ],
	[ q{fca.get_by_id_for_update(NULL::fca.customer, %d)},
		q{SELECT * FROM fca.customers WHERE id = %d FOR UPDATE} ],
	[ q{fca.find_escalated_for_update(%d)},
		q{SELECT * FROM fca.conversations WHERE status = 'escalated'}
		  . ' ORDER BY updated_at, id LIMIT %d FOR UPDATE' ],
);

# Everything there is, but for when.
my $everything = 'SELECT md5(concat(' . join(', ', map {
	"(SELECT string_agg((to_jsonb(t) - '{created_at,updated_at}'::text[])::text, ',' ORDER BY id)"
	  . " FROM fca.$_ AS t)" } @tables) . ')) AS got';
$script = '';
foreach my $role ($super, 'writer', 'keeper', 'reader', 'nobody', 'writer', $super, 'keeper')
{
	foreach my $write (@writes)
	{
		foreach my $id (1 .. 5, 1001, 1004)
		{
			foreach my $which (0, 1)
			{
				my $sql = sprintf $write->[$which], $id;
				$sql = "SELECT * FROM $sql" if $which == 0;
				$script .= "BEGIN;\nSET LOCAL ROLE $role;\n\\set got none\n$sql \\g /dev/null\n"
				  . "\\set state :SQLSTATE\n\\set message :LAST_ERROR_MESSAGE\n"
				  . "\\if :ERROR\nROLLBACK;\n\\else\n\\set message none\n"
				  . "RESET ROLE;\n$everything \\gset\nROLLBACK;\n\\endif\n"
				  . "\\echo $which|$role|$sql|:state :got :message\n";
			}
		}
	}
}
($status, $stdout, $stderr) = $node->psql('postgres', $script, on_error_stop => 0);
my (%states, @differ, $ours);
foreach (split /\n/, $stdout)
{
	my ($which, $role, $sql, $what) = split /\|/, $_, 4;
	if ($which == 0) { $ours = $what; next; }
	$states{$1}++ if $what =~ /^(\w{5})/;
	# an upsert is an UPDATE first, whose policy decides about a row that is in sight
	push @differ, "$role: $sql: $ours, not $what" if $ours ne $what;
}
is(join("\n", @differ), '', 'every write does, or is refused, what plain SQL is');
cmp_ok($states{$_} // 0, '>', 20, "often with $_") foreach qw(00000 42501);

#
# What errors say
#

# The tables: what is not for everybody has SECRET in it.
$node->safe_psql('postgres', q{
	CREATE TABLE test.vault (id int PRIMARY KEY, code text UNIQUE, word text NOT NULL,
		hidden text DEFAULT 'SECRET-default',
		amount int CHECK (amount < 100), parent int REFERENCES test.vault, seen_by text DEFAULT 'writer');
	INSERT INTO test.vault VALUES (1, 'one', 'first', 'SECRET-1', 1, NULL, 'writer'),
		(2, 'SECRET-two', 'SECRET', 'SECRET-2', 2, NULL, 'x'),
		(3, 'SECRET-three', 'first', 'SECRET-3', 3, 1, 'x'),
		(4, 'four', 'fourth', 'SECRET-4', 4, NULL, 'writer');
	CREATE TABLE test.counter (LIKE test.vault INCLUDING ALL);
	INSERT INTO test.counter TABLE test.vault;
	ALTER TABLE test.vault ENABLE ROW LEVEL SECURITY;
	CREATE POLICY seen ON test.vault USING (seen_by = current_user);
	GRANT ALL ON test.vault TO writer;
	-- the clerk may not read code and hidden
	GRANT SELECT (id, word, amount), INSERT (id, code, word, amount, hidden), UPDATE (word, amount, code, id),
		DELETE ON test.counter TO clerk;
	ANALYZE test.vault, test.counter;

	-- all that a client is told
	CREATE FUNCTION test.told(statement text) RETURNS jsonb LANGUAGE plpgsql AS $$
	DECLARE s text; m text; d text; h text; c text; n text; t text; k text; q text; y text;
	BEGIN
		EXECUTE statement;
		RETURN jsonb_build_object('state', '00000');
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL,
			h = PG_EXCEPTION_HINT, c = PG_EXCEPTION_CONTEXT, n = SCHEMA_NAME, t = TABLE_NAME,
			k = CONSTRAINT_NAME, q = COLUMN_NAME, y = PG_DATATYPE_NAME;
		RETURN jsonb_build_object('state', s, 'message', m, 'detail', d, 'schema', n, 'table', t,
			'constraint', k, 'column', q, 'type', y)
			|| jsonb_build_object('hint', h, 'context', replace(c, statement, ''));
	END $$;
});

my @mistakes = (
	# role, ours, plain SQL
	[ 'writer', q{fca.create(NULL::test.vault, '{"id": 9, "code": "SECRET-two", "word": "w"}')},
		q{INSERT INTO test.vault (id, code, word) VALUES (9, 'SECRET-two', 'w') RETURNING *} ],
	[ 'writer', q{fca.create(NULL::test.vault, '{"id": 2, "word": "w"}')},
		q{INSERT INTO test.vault (id, word) VALUES (2, 'w')} ],
	[ 'writer', q{fca.create_many(NULL::test.vault, '[{"id": 9, "word": "w", "amount": 500}]')},
		q{INSERT INTO test.vault (id, word, amount) VALUES (9, 'w', 500)} ],
	[ 'writer', q{fca.create(NULL::test.vault, '{"id": 9}')}, q{INSERT INTO test.vault (id) VALUES (9)} ],
	[ 'writer', q{fca.create(NULL::test.vault, '{"id": 9, "word": "w", "seen_by": "x"}')},
		q{INSERT INTO test.vault (id, word, seen_by) VALUES (9, 'w', 'x')} ],
	[ 'writer', q{fca.create(NULL::test.vault, '{"id": 9, "word": "w", "parent": 99}')},
		q{INSERT INTO test.vault (id, word, parent) VALUES (9, 'w', 99)} ],
	[ 'writer', q{fca.update(NULL::test.vault, 1, '{"amount": 500}')},
		q{UPDATE test.vault SET amount = 500 WHERE id = 1} ],
	[ 'writer', q{fca.update(NULL::test.vault, 1, '{"code": "SECRET-two"}')},
		q{UPDATE test.vault SET code = 'SECRET-two' WHERE id = 1} ],
	[ 'writer', q{fca.update_many(NULL::test.vault, '{"word": "first"}', '{"word": null}')},
		q{UPDATE test.vault SET word = NULL WHERE word = 'first'} ],
	[ 'writer', q{fca.update_if(NULL::test.vault, 1, '{}', '{"seen_by": "x"}')},
		q{UPDATE test.vault SET seen_by = 'x' WHERE id = 1} ],
	[ 'writer', q{fca.delete(NULL::test.vault, 1)}, q{DELETE FROM test.vault WHERE id = 1} ],
	[ 'writer', q{fca.delete_many(NULL::test.vault, '{"word": "first"}')},
		q{DELETE FROM test.vault WHERE word = 'first'} ],
	[ 'writer', q{fca.upsert(NULL::test.vault, '{"id": 2, "word": "w"}')},
		q{INSERT INTO test.vault (id, word) VALUES (2, 'w')}
		  . ' ON CONFLICT (id) DO UPDATE SET word = excluded.word' ],
	[ 'writer',
		q{fca.upsert(NULL::test.vault, '{"id": 9, "code": "SECRET-two", "word": "w"}', ARRAY['code'])},
		q{INSERT INTO test.vault (id, code, word) VALUES (9, 'SECRET-two', 'w')}
		  . ' ON CONFLICT (code) DO UPDATE SET word = excluded.word' ],
	[ 'writer', q{fca.upsert_many(NULL::test.vault, '[{"id": 3, "word": "w"}]')},
		q{INSERT INTO test.vault (id, word) VALUES (3, 'w')}
		  . ' ON CONFLICT (id) DO UPDATE SET word = excluded.word' ],
	# there are two of that word, of which one is in sight
	[ 'writer', q{fca.find_one(NULL::test.vault, '{"word": "first"}')},
		q{SELECT * FROM test.vault WHERE word = 'first'} ],
	[ 'clerk', q{fca.update_many(NULL::test.counter, '{"id": 1}', '{"amount": 500}')},
		q{UPDATE test.counter SET amount = 500 WHERE id = 1} ],
	[ 'clerk', q{fca.update_many(NULL::test.counter, '{"id": 2}', '{"word": null}')},
		q{UPDATE test.counter SET word = NULL WHERE id = 2} ],
	[ 'clerk', q{fca.update_many(NULL::test.counter, '{"id": 1}', '{"code": "SECRET-two"}')},
		q{UPDATE test.counter SET code = 'SECRET-two' WHERE id = 1} ],
	[ 'clerk', q{fca.update_many(NULL::test.counter, '{"id": 1}', '{"id": 2}')},
		q{UPDATE test.counter SET id = 2 WHERE id = 1} ],
	(map { [ 'clerk', "fca.$_", 'SELECT hidden FROM test.counter' ] }
		q{get_all(NULL::test.counter)}, q{get_by_id(NULL::test.counter, 2)},
			q{get_many(NULL::test.counter, ARRAY[2])},
		q{get_by_filters(NULL::test.counter, '{"id": 2}', max_rows => 0)}, q{get_page(NULL::test.counter)},
		q{get_children(NULL::test.counter, 'parent', ARRAY[1])},
		q{find_one(NULL::test.counter, '{"hidden": "SECRET-2"}')},
		q{count(NULL::test.counter, '{"hidden": {"starts_with": "S"}}')},
		q{count_estimate(NULL::test.counter, '{"hidden": "SECRET-2"}')},
		q{update_many(NULL::test.counter, '{"hidden": "SECRET-2"}', '{"word": "w"}')},
		q{delete_many(NULL::test.counter, '{"code": "SECRET-two"}')},
		q{open_cursor(NULL::test.counter)}, q{update(NULL::test.counter, 2, '{"word": "w"}')},
		q{update_if(NULL::test.counter, 2, '{"hidden": {"gt": "a"}}', '{"word": "w"}')},
		q{create(NULL::test.counter, '{"id": 9, "word": "w"}')},
		q{upsert(NULL::test.counter, '{"id": 2, "word": "w"}')},
		q{get_by_id_for_update(NULL::test.counter, 2)}),
	(map { [ 'nobody', "fca.$_", 'TABLE test.vault' ] }
		q{count(NULL::test.vault)}, q{count_estimate(NULL::test.vault)}, q{exists(NULL::test.vault, 2)},
		q{get_all(NULL::test.vault)}, q{open_cursor(NULL::test.vault)}, q{delete(NULL::test.vault, 2)},
		q{create(NULL::test.vault, '{"id": 2, "word": "w"}')},
		q{create_many_report(NULL::test.vault, '[{"id": 2, "word": "w"}]')},
		q{upsert(NULL::test.vault, '{"id": 2, "word": "w"}')},
		q{update_many(NULL::test.vault, '{"id": 2}', '{"word": null}')},
		# a mistake that plain SQL would tell of first tells nothing of a table of which one has nothing
		q{get_by_filters(NULL::test.vault, '{"x": 1}')}, q{get_all(NULL::test.vault, sort_by => 'x')},
			q{get_page(NULL::test.vault, '{"hidden": {"gt": []}}')},
		q{get_children(NULL::test.vault, 'x', ARRAY[1])}, q{find_one(NULL::test.vault, '[]')},
		q{get_by_id(NULL::test.vault, 'x'::text)},
		q{create(NULL::test.vault, '{"x": 1}')}, q{create(NULL::test.vault, '{"id": "x"}')},
		q{create_many(NULL::test.vault, '[]')}, q{create_many_report(NULL::test.vault, '[]')},
		q{upsert_many(NULL::test.vault, '[]')}, q{upsert(NULL::test.vault, '{"word": "w"}', '{word}')},
		q{update(NULL::test.vault, 2, '{"amount": 500}')},
		q{update_if(NULL::test.vault, 2, '{"x": 1}', '{"amount": 500}')},
		q{delete_many(NULL::test.vault, '{}')}),
	# nor a value that would be refused of a column that one may not write
	[ 'clerk', q{fca.update(NULL::test.counter, 2, '{"parent": "x"}')},
		q{UPDATE test.counter SET parent = 2 WHERE id = 2} ],
	[ 'clerk', q{fca.create_many(NULL::test.counter, '[{"id": 9, "word": "w"}, {"id": 10, "parent": "x"}]')},
		q{INSERT INTO test.counter (id, parent) VALUES (9, 2)} ],
);
$script = '';
foreach my $i (0 .. $#mistakes)
{
	my ($role, $call, $plain) = @{ $mistakes[$i] };
	foreach my $sql ("SELECT * FROM $call", $plain)
	{
		# warmed by one who may do all
		$script .= "BEGIN;\nSELECT test.told(\$q\$$sql\$q\$) \\g /dev/null\nROLLBACK;\n"
		  . "BEGIN;\nSET LOCAL ROLE $role;\n"
		  . "SELECT coalesce(told ->> 'state', ''), told - '{context,hint}'::text[], told ->> 'hint',"
		  . " translate(told ->> 'context', E'\\n|', '  ') FROM test.told(\$q\$$sql\$q\$) AS told;\n"
		  . "ROLLBACK;\n";
	}
}
$stdout = $node->safe_psql('postgres', $script);
my @told = map { [ split /\|/, $_, 4 ] } split /\n/, $stdout;
is(@told, 2 * @mistakes, 'every mistake was made');
my %told_states;
foreach my $i (0 .. $#mistakes)
{
	my ($role, $call) = @{ $mistakes[$i] };
	my ($ours, $plain) = @told[ 2 * $i, 2 * $i + 1 ];
	$told_states{ $plain->[0] }++;
	is($ours->[1], $plain->[1], "$role is told what plain SQL tells: $call");
	# but for what the caller has given
	(my $extra = "$ours->[2] $ours->[3]") =~ s/\Q$call\E//g;
	my %given = map { $_ => 1 } $call =~ /SECRET[\w-]*/g;
	is(join(' ', grep { !$given{$_} } $extra =~ /SECRET[\w-]*/g), '', 'and nothing by hint or context');
}
ok($told_states{$_}, "errors of $_ are among them") foreach qw(23505 23514 23502 23503 42501);

# Its rows: message, column and constraint are those of plain SQL, for each row.
foreach my $role (qw(writer clerk))
{
	my $table = $role eq 'writer' ? 'vault' : 'counter';
	my @rows = ([ q{"id": 9, "word": "w", "code": "SECRET-two"}, "9, 'w', 'SECRET-two', NULL" ],
		[ q{"id": 10, "word": "w", "amount": 500}, "10, 'w', NULL, 500" ],
		[ q{"id": 2, "word": "w"}, "2, 'w', NULL, NULL" ],
		[ q{"id": 11, "word": null}, '11, NULL, NULL, NULL' ]);
	my $report = $node->safe_psql('postgres',
		"SET ROLE $role; SELECT created, sqlstate, message, column_name, constraint_name"
		  . " FROM fca.create_many_report(NULL::test.$table, '["
		  . join(', ', map { "{$_->[0]}" } @rows) . "]')");
	my @plain = map { $node->safe_psql('postgres', qq{SET ROLE $role;
		SELECT false, t ->> 'state', t ->> 'message', t ->> 'column', t ->> 'constraint'
		FROM test.told(\$q\$INSERT INTO test.$table (id, word, code, amount)
		VALUES ($_->[1])\$q\$) AS t}) } @rows;
	is($report, join("\n", @plain), "create_many_report tells the $role what plain SQL tells");
}

#
# What is not told by an error: notices, casts, estimates, cursors
#

$node->safe_psql('postgres', q{
	CREATE TYPE test.tag AS (v text);
	CREATE FUNCTION test.tag_cmp(a test.tag, b test.tag) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
		'BEGIN RAISE NOTICE ''compared % %'', a.v, b.v;
		RETURN CASE WHEN a.v < b.v THEN -1 WHEN a.v > b.v THEN 1 ELSE 0 END; END';
});
$node->safe_psql('postgres', join ";\n", (map { my ($name, $operator) = @$_;
	("CREATE FUNCTION test.tag_$name(a test.tag, b test.tag) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
		COST 0.0001 AS 'BEGIN RETURN test.tag_cmp(a, b) $operator 0; END'",
		"CREATE OPERATOR test.$operator (FUNCTION = test.tag_$name,
		LEFTARG = test.tag, RIGHTARG = test.tag)") }
	  [ lt => '<' ], [ le => '<=' ], [ eq => '=' ], [ ge => '>=' ], [ gt => '>' ]),
	'CREATE OPERATOR CLASS test.tag_ops DEFAULT FOR TYPE test.tag USING btree AS
		OPERATOR 1 test.<, OPERATOR 2 test.<=, OPERATOR 3 test.=, OPERATOR 4 test.>=, OPERATOR 5 test.>,
		FUNCTION 1 test.tag_cmp(test.tag, test.tag)',
	'CREATE TABLE test.tagged (id int PRIMARY KEY, tag test.tag, n text, seen_by text)',
	q{INSERT INTO test.tagged
		SELECT i, ROW(CASE WHEN i % 2 = 0 THEN 'SECRET' ELSE 'open' END)::test.tag,
			CASE WHEN i % 2 = 0 THEN 'SECRET' ELSE '5' END, CASE WHEN i % 2 = 0 THEN 'x' ELSE 'writer' END
		FROM generate_series(1, 10) AS i},
	q{CREATE VIEW test.barrier WITH (security_barrier) AS
		SELECT id, tag FROM test.tagged WHERE seen_by = current_user},
	q{CREATE VIEW test.numbers WITH (security_invoker) AS SELECT id, n::int AS n FROM test.tagged},
	'GRANT ALL ON test.barrier, test.numbers, test.tagged TO writer',
	'ALTER TABLE test.tagged ENABLE ROW LEVEL SECURITY',
	'CREATE POLICY seen ON test.tagged USING (seen_by = current_user)');
foreach my $call (
	(map { (qq{fca.get_by_filters(NULL::$_, '{"tag": {"eq": {"v": "open"}}}')},
		qq{fca.count(NULL::$_, '{"tag": {"gt": {"v": "a"}}}')},
		qq{fca.find_one(NULL::$_, '{"tag": {"lt": {"v": "a"}}}')},
		qq{fca.update_many(NULL::$_, '{"tag": {"eq": {"v": "open"}}}', '{"id": 1}')},
		qq{fca.delete_many(NULL::$_, '{"tag": {"ne": {"v": "a"}}}')}) } qw(test.tagged test.barrier)),
	q{fca.get_all(NULL::test.tagged, sort_by => 'tag')},
	q{fca.count(NULL::test.numbers, '{"n": {"gt": 4}}')}, q{fca.get_all(NULL::test.numbers)},
	q{fca.get_page(NULL::test.numbers, sort_by => 'n')})
{
	# the superuser, who sees all, warms the plan and shows that there is something to tell
	my ($s, $o, $e) = $node->psql('postgres', qq{
		BEGIN; SELECT * FROM $call; ROLLBACK;
		\\warn now
		BEGIN; SET LOCAL ROLE writer; SELECT * FROM $call; ROLLBACK;}, on_error_stop => 0);
	my ($before, $after) = split /^now$/m, $e;
	like($before, qr/SECRET/, "can tell: $call") if $call !~ /barrier/;
	unlike($after, qr/SECRET/, "tells nothing out of sight: $call");
}

# The estimate is that of EXPLAIN by the same role.
$node->safe_psql('postgres', q{
	CREATE FUNCTION test.explained(q text) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE j json;
	BEGIN EXECUTE 'EXPLAIN (FORMAT JSON) ' || q INTO j; RETURN j #>> '{0,Plan,Plan Rows}'; END $$;
	ANALYZE;
});
foreach my $filter ([ '{"account_id": 1}', 'account_id = 1' ], [ '{"amount": {"gt": 5}}', 'amount > 5' ],
	[ '{"category": "rent"}', q{category = 'rent'} ],
	[ '{"reference": {"contains": "TX-1"}}', q{reference ~~* '%TX-1%'} ])
{
	my $sql = '';
	foreach my $role ($super, 'reader', 'writer', 'keeper', 'reader')
	{
		$sql .= "SET ROLE $role;\nSELECT fca.count_estimate(NULL::fca.transaction, '$filter->[0]')"
		  . " || ' ' || test.explained(\$\$SELECT 1 FROM fca.transactions WHERE $filter->[1]\$\$);\n";
	}
	my @estimates = split /\n/, $node->safe_psql('postgres', $sql);
	is(scalar(grep { /^(\d+) \1$/ } @estimates), 5, "estimates are those of EXPLAIN: $filter->[0]")
		or diag("@estimates");
}

# A cursor goes on as one of plain SQL does, whoever reads it.
foreach my $later ('writer', 'nobody', $super, 'keeper')
{
	my ($ours, $plain) = split /\n/, $node->safe_psql('postgres', qq{
		CREATE TEMP TABLE seen (of text, id bigint);
		GRANT ALL ON seen TO PUBLIC;
		CREATE FUNCTION pg_temp.read(c refcursor) RETURNS text LANGUAGE plpgsql AS \$\$
		DECLARE r record; ids text := '';
		BEGIN
			LOOP
				FETCH c INTO r;
				EXIT WHEN NOT FOUND;
				ids := ids || r.id || ',';
			END LOOP;
			RETURN ids;
		EXCEPTION WHEN OTHERS THEN
			RETURN SQLSTATE || SQLERRM;
		END \$\$;
		BEGIN;
		SET LOCAL ROLE reader;
		SELECT fca.open_cursor(NULL::fca.message, '{"requires_human": false}', 'id', 'ours') \\g /dev/null
		DECLARE plain CURSOR FOR SELECT * FROM fca.messages WHERE NOT requires_human ORDER BY id;
		FETCH 1 FROM ours \\g /dev/null
		FETCH 1 FROM plain \\g /dev/null
		SET LOCAL ROLE $later;
		SELECT pg_temp.read('ours');
		SELECT pg_temp.read('plain');
		COMMIT;});
	is($ours, $plain, "a cursor of the reader, read on by $later");
	like($ours, qr/^(\d*[13579],)+$/, 'has the rows of the reader');
}

$node->stop;
unlike(slurp_file($node->logfile), qr/was terminated by|PANIC|XX000|cache lookup/, 'no crash');
done_testing();
