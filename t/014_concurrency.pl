# Sessions that call every function while others change the schema: the right rows
# or an error that is expected, no internal error, and nothing left in the log.
#
# FCA_CONCURRENCY_SECONDS is how long they do so (25).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use IO::Handle;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = $ENV{FCA_CONCURRENCY_SECONDS} || 25;
my $clients = 8;

# What a call may end in while the schema changes, and why.
my %expected = (
	'40P01' => 'two sessions wait for each other, as a change that takes several locks brings about',
	'42P01' => 'the relation is not there: renamed for a while, or dropped after the statement had begun',
	'42703' => 'a column is not there: renamed for a while, or dropped',
	'42704' => "a dropped table's row type, which the server itself looked up when the statement began",
	'42804' => 'a column came or went between the beginning of the statement and the lock',
	'23505' => 'two sessions make a relation of one name: the unique index of the catalog decides',
	'42P07' => 'the same, seen earlier',
	'42710' => 'the same, seen at the row type');

# The server itself, when it looks up the row type of a table that another session
# has just dropped, before any function is called.
my $of_server = qr/^could not open relation with OID \d+$/;

my $node = new_node('concurrency', conf => q{
log_error_verbosity = verbose
log_statement = none
deadlock_timeout = 100ms
autovacuum_naptime = 1s
max_connections = 30
});
$node->start;
run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');

# The columns of a table in the one order or in the other, for it to be made again.
sub make_items
{
	my ($order) = @_;
	my @columns = qw(name colour size weight);
	@columns = reverse @columns if $order == 2;
	return 'BEGIN; SET LOCAL client_min_messages = warning;'
	  . ' DROP TABLE IF EXISTS shop.item; CREATE TABLE shop.item ('
	  . ($order == 1 ? 'id int PRIMARY KEY, ' : '') . join(', ', map { "$_ text" } @columns)
	  . ($order == 2 ? ', id int PRIMARY KEY' : '') . '); INSERT INTO shop.item (id, ' . join(', ', @columns)
	  . ') SELECT i, ' . join(', ', map { "'$_-' || i" } @columns)
	  . ' FROM generate_series(1, 40) AS i; CREATE INDEX ON shop.item (name);'
	  . ' GRANT ALL ON shop.item TO app; COMMIT';
}

# Every value but the id says which column of which row it is.
$node->safe_psql('postgres', q{
	CREATE ROLE app;
	GRANT USAGE ON SCHEMA fca, test TO app;
	GRANT ALL ON ALL TABLES IN SCHEMA fca TO app;
	CREATE FUNCTION test.is_right(r jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
		SELECT coalesce(bool_and(rtrim(v) = k || '-' || (r ->> 'id')), true)
		FROM jsonb_each_text(r) AS e (k, v) WHERE k NOT IN ('id', 'updated_at')
	$$;
	CREATE SCHEMA shop;
	GRANT ALL ON SCHEMA shop TO app;
});
$node->safe_psql('postgres', make_items(1));
$node->safe_psql('postgres', q{
	-- which is never rewritten and never goes away
	CREATE TABLE shop.part (id int PRIMARY KEY, name text NOT NULL, colour text, size text, weight text);
	INSERT INTO shop.part TABLE shop.item;
	CREATE MATERIALIZED VIEW shop.recap AS
		SELECT id, 'name-' || id AS name, colour, 'since-' || id AS since FROM shop.part;
	CREATE UNIQUE INDEX ON shop.recap (id);
	CREATE TABLE shop.note (id int PRIMARY KEY, name text NOT NULL, colour text, size text,
		updated_at timestamptz);
	GRANT ALL ON shop.part, shop.recap, shop.note TO app;
	GRANT ALL ON ALL SEQUENCES IN SCHEMA fca TO app;
	ANALYZE;
});

#
# A call that waits for the change of another session
#

# The call is made once, and waits the second time; the first where the session is new.
sub waiting_call
{
	my ($change, $call, $is_new) = @_;
	my $caller = $node->background_psql('postgres', on_error_stop => 0);
	my $changer = $node->background_psql('postgres', on_error_stop => 0);

	$node->safe_psql('postgres', make_items(1));
	$caller->query_safe('\set VERBOSITY verbose');
	$caller->query($call) if !$is_new;
	$changer->query("BEGIN; $change");
	$caller->query_until(qr/waiting/, "\\echo waiting\n$call;\n\\warn answered\n");
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)})
	  or die 'nobody waits';
	$changer->query('COMMIT');
	my $last = $caller->query("SELECT 'end'");
	my $answer = $caller->{stdout} . $last . $caller->{stderr};
	$caller->quit;
	$changer->quit;
	return $answer;
}

my %reads_of_items = (
	get_all => q{SELECT name FROM fca.get_all(NULL::shop.item, max_rows => 1)},
	get_by_id => q{SELECT to_jsonb(f) FROM fca.get_by_id(NULL::shop.item, 1) AS f},
	'get_many in a list' => q{SELECT fca.get_many(NULL::shop.item, ARRAY[1])});
foreach my $name (sort keys %reads_of_items)
{
	my $answer = waiting_call(
		q{ALTER TABLE shop.item DROP COLUMN name, ADD COLUMN later text DEFAULT 'later-1'},
		$reads_of_items{$name});
	like($answer, qr/ERROR:  42804/, "$name waits while columns come and go: an error");
	unlike($answer, qr/(colour|size|weight|later)-1.*end/s, 'and no column under the name of another');
}
like(waiting_call('ALTER TABLE shop.item DROP COLUMN weight',
		q{SELECT * FROM fca.create(NULL::shop.item,
			jsonb_build_object('name', 'n', 'id', 100 + (1e9 * random())::int))}),
	qr/ERROR:  42804/, 'create waits while a column goes: an error');
foreach my $call (values %reads_of_items, 'SELECT fca.count(NULL::shop.item)',
	'SELECT fca.delete(NULL::shop.item, 1)',
	q{SELECT fca.create(NULL::shop.item, '{"id": 99, "name": "n"}')})
{
	my $answer = waiting_call('DROP TABLE shop.item', $call);
	like($answer, qr/ERROR:  42P01/, "dropped meanwhile: $call");
}
# create_tables() goes by the name.
like(waiting_call('DROP TABLE fca.faqs; SELECT fca.create_tables()', 'SELECT fca.create_tables()', 0),
	qr/^(?!.*ERROR)/s, 'dropped and made anew while create_tables waits');
$node->safe_psql('postgres', 'DROP TABLE fca.faqs; SELECT fca.create_tables()');
run_fixture($node, 'postgres', 'desk');
$node->safe_psql('postgres',
	'GRANT ALL ON ALL TABLES IN SCHEMA fca TO app; GRANT ALL ON ALL SEQUENCES IN SCHEMA fca TO app');

# It is the server's own error where the session has not seen the type before.
foreach my $call (q{SELECT * FROM jsonb_populate_record(NULL::shop.item, '{}')},
	q{SELECT * FROM fca.get_all(NULL::shop.item)})
{
	like(waiting_call('DROP TABLE shop.item', $call, 1), qr/ERROR:  XX000: could not open relation/,
		"dropped while the server looks at it: $call");
}
$node->safe_psql('postgres', make_items(1));

#
# Many at once
#

# What a call gives: all of its rows, in order.
sub whole_answer
{
	my ($call) = @_;
	return "SELECT coalesce(md5(jsonb_agg(to_jsonb(f))::text), 'none') FROM ($call) AS f";
}

# Calls of which the answer is known, by the name of the function: [call, answers].
my @known;
my @calls = ((map { my $n = $_; map { [ $n, finder_call($n, $_) ] } 1 .. 3 } finder_names),
	(map { my $n = $_; map { [ $n, read_call($n, $_) ] } 1 .. 3 }
	  grep { $_ ne 'count_estimate' } read_names));
my @answers = split /\n/, $node->safe_psql('postgres', join ';', map { whole_answer($_->[1]) } @calls);
is(@answers, @calls, 'every answer is known');
foreach my $i (0 .. $#calls)
{
	my ($name, $call) = @{ $calls[$i] };
	push @known, [ $name,
		"SELECT CASE WHEN got = '$answers[$i]' THEN 'ok' ELSE 'WRONG' END || ' $name' FROM ("
		  . whole_answer($call) . ') AS g (got)' ];
}

# Calls on tables of the user's: each row says by itself whether it is right.
sub checked
{
	my ($name, $call, $count) = @_;
	my $wrong = defined $count ? " AND count(*) IN ($count)" : '';
	return [ $name, "SELECT CASE WHEN coalesce(bool_and(test.is_right(to_jsonb(f))), true)$wrong "
		  . "THEN 'ok' ELSE 'WRONG ' || coalesce(jsonb_agg(to_jsonb(f))::text, 'nothing') END || ' $name'"
		  . " FROM ($call) AS f" ];
}

foreach my $table (qw(shop.item shop.part shop.recap))
{
	push @known, map { checked("$_->[0] $table", "SELECT * FROM fca.$_->[0](NULL::$table, $_->[1])",
		$_->[2]) }
	  ([ 'get_by_id', '7', 1 ], [ 'get_many', 'ARRAY[3, 1, 99]', 2 ],
		[ 'get_all', "max_rows => 9, sort_by => 'name'", 9 ],
		[ 'get_by_filters', q{'{"name": ["name-3", "name-4"]}'}, 2 ],
		[ 'get_page', q{'{}', 'id desc', 5, '{"id": 20}'}, 5 ],
		[ 'find_one', q{'{"colour": "colour-5"}'}, 1 ],
		[ 'get_children', q{'id', ARRAY[4, 5]}, 2 ]);
	push @known, [ "count $table",
		"SELECT CASE WHEN fca.count(NULL::$table) = 40 THEN 'ok' ELSE 'WRONG' END || ' count $table'" ],
	  [ "exists $table",
		"SELECT CASE WHEN fca.exists(NULL::$table, 7)"
		  . " THEN 'ok' ELSE 'WRONG' END || ' exists $table'" ];
}

# Writes that are kept, on rows of the client's own.
sub kept_writes
{
	my ($client, $n) = @_;
	my $id = $client * 1_000_000 + $n;
	my $data = sub {
		my ($id, @columns) = @_;
		return "jsonb_build_object('id', $id" . join('', map { ", '$_', '$_-$id'" } @columns) . ')';
	};
	my $row = 'NULL::shop.note';
	return (
		checked('create', "SELECT * FROM fca.create($row, " . $data->($id, qw(name colour)) . ')', 1),
		checked('update', "SELECT * FROM fca.update($row, $id, jsonb_build_object('size', 'size-$id'))"),
		checked('upsert', "SELECT * FROM fca.upsert($row, " . $data->($id, qw(name size colour)) . ')', 1),
		checked('upsert_many', "SELECT * FROM fca.upsert_many($row, jsonb_build_array("
			  . $data->($id, qw(name colour)) . ', ' . $data->($id + 500_000, qw(name size)) . '))', 2),
		checked('create_many', "SELECT * FROM fca.create_many($row, jsonb_build_array("
			  . $data->($id + 250_000, qw(name colour)) . ', ' . $data->($id + 750_000, qw(name size)) . '))',
			  2),
		[ 'create_many_report',
			"SELECT CASE WHEN NOT created AND sqlstate = '23505' OR created AND id = '@{[$id + 100_000]}'"
			  . " THEN 'ok' ELSE 'WRONG ' || r END || ' create_many_report'"
			  . " FROM fca.create_many_report($row, jsonb_build_array("
			  . $data->($id + 100_000, qw(name size)) . ')) AS r' ],
		checked('update_if',
			"SELECT * FROM fca.update_if($row, $id, '{}', jsonb_build_object('colour', 'colour-$id'))"),
		[ 'update_many',
			"SELECT CASE WHEN fca.update_many($row, jsonb_build_object('id', $id),"
			  . " jsonb_build_object('size', 'size-$id')) <= 1"
			  . " THEN 'ok' ELSE 'WRONG' END || ' update_many'" ],
		[ 'delete_many',
			"SELECT CASE WHEN fca.delete_many($row,"
			  . " jsonb_build_object('name', 'name-' || @{[$id + 500_000]})) <= 1"
			  . " THEN 'ok' ELSE 'WRONG' END || ' delete_many'" ],
		[ 'delete',
			"SELECT CASE WHEN fca.delete($row, @{[$id + 750_000]}) IS NOT NULL"
			  . " THEN 'ok' ELSE 'WRONG' END || ' delete'" ]);
}

my $dir = PostgreSQL::Test::Utils::tempdir;
my $end = time() + $seconds;

# One client: psql reads what it is given as fast as it is answered.
sub run_client
{
	my ($client) = @_;
	open(my $psql, '|-', "psql -XAtq -v VERBOSITY=verbose -d '"
		  . $node->connstr('postgres') . "' >$dir/out.$client 2>$dir/err.$client")
	  or die "psql: $!";
	$psql->autoflush(1);
	print $psql "\\set ECHO errors\nSET client_min_messages = warning;\n";
	print $psql "PREPARE mine (bigint) AS SELECT coalesce(bool_and(test.is_right(to_jsonb(f))), true)"
	  . " FROM fca.get_by_id(NULL::shop.part, \$1) AS f;\n";
	srand($client);
	my @writes = grep { $_ ne 'create_tables' } write_names;
	for (my $n = 1; time() < $end; $n++)
	{
		# reads, of which some within one transaction
		my @some = map { $known[ rand @known ]->[1] } 1 .. 12;
		print $psql join(";\n", @some[ 0 .. 7 ], 'BEGIN', @some[ 8 .. 11 ], 'COMMIT'), ";\n";
		print $psql "$_->[1];\n" foreach kept_writes($client, $n);

		# writes that are taken back, and streams
		my $name = $writes[ $n % @writes ];
		print $psql "BEGIN;\n", write_call($name, 1 + int(rand(8))),
			" \\g /dev/null\nROLLBACK;\nSELECT 'ok $name';\n";
		print $psql "BEGIN;\nSELECT fca.create_tables() \\g /dev/null\nROLLBACK;\n"
		  . "SELECT 'ok create_tables';\n"
		  if $n % 16 == 0;
		print $psql "BEGIN;\nSELECT fca.open_cursor(NULL::shop.part, '{}', 'name', 'c') \\g /dev/null\n"
		  . "FETCH 3 FROM c \\g /dev/null\nCOMMIT;\nSELECT 'ok open_cursor';\n"
		  . "BEGIN;\nSELECT fca.open_finder('find_by_conversation', '{\"conversation_id\": 1}', 'c')"
		  . " \\g /dev/null\nFETCH 3 FROM c \\g /dev/null\nCOMMIT;\nSELECT 'ok open_finder';\n"
		  if $n % 4 == 0;
		print $psql "SELECT fca.count_estimate(NULL::fca.transaction, '{\"account_id\": 1}')"
		  . " \\g /dev/null\nSELECT 'ok count_estimate';\n"
		  if $n % 4 == 1;
		print $psql "EXECUTE mine($n % 40 + 1) \\g /dev/null\n" if $n % 3 == 0;

		# what a pool does between its users
		my $between = (
			'DISCARD PLANS', 'SET ROLE app', 'SET search_path = pg_catalog',
			'RESET ROLE', 'SET search_path = shop, fca, public', "SET ROLE app;\nDISCARD PLANS",
			"RESET ALL;\nRESET ROLE",
			"DISCARD ALL;\nSET client_min_messages = warning;\nPREPARE mine (bigint) AS SELECT 1")[ $n % 8 ];
		print $psql "$between;\n";
	}
	close $psql;
	die "psql: $?" if $? != 0;
}

my @children;
foreach my $client (1 .. $clients)
{
	my $pid = fork();
	die "fork: $!" if !defined $pid;
	if ($pid == 0)
	{
		# not as a test ends, which would stop the server
		eval { run_client($client) };
		print STDERR $@ if $@;
		POSIX::_exit($@ ? 1 : 0);
	}
	push @children, $pid;
}

# One change after the other, each until it succeeds.  What is renamed is soon
# renamed back.
my @changes = (
	[ 'ALTER TABLE shop.part ADD COLUMN extra text', 'ALTER TABLE shop.part DROP COLUMN extra' ],
	[ 'ALTER TABLE shop.item DROP COLUMN size, ADD COLUMN later text',
		'UPDATE shop.item SET later = \'later-\' || id' ],
	[ make_items(1) ],
	[ 'REFRESH MATERIALIZED VIEW shop.recap' ],
	[ 'REFRESH MATERIALIZED VIEW CONCURRENTLY shop.recap' ],
	[ 'CREATE INDEX CONCURRENTLY soon ON fca.messages (conversation_id, role)',
		'DROP INDEX CONCURRENTLY fca.soon' ],
	[ 'REINDEX TABLE CONCURRENTLY fca.conversations' ],
	[ 'VACUUM FULL shop.part' ],
	[ 'VACUUM FULL fca.messages' ],
	[ 'ALTER TABLE fca.customers ADD COLUMN extra int DEFAULT 7',
		'ALTER TABLE fca.customers DROP COLUMN extra' ],
	[ 'ALTER TABLE shop.item ALTER COLUMN name TYPE varchar(60), ALTER COLUMN weight TYPE varchar(60)' ],
	[ 'ALTER TABLE shop.item ALTER COLUMN weight TYPE char(60)', make_items(2) ],
	[ 'ALTER TABLE fca.faqs ALTER COLUMN id TYPE int', 'ALTER TABLE fca.faqs ALTER COLUMN id TYPE bigint' ],
	[ 'ALTER TABLE fca.products ALTER COLUMN interest_rate TYPE numeric(9,4)',
		'ALTER TABLE fca.products ALTER COLUMN interest_rate TYPE numeric(7,4)' ],
	[ 'ALTER TABLE fca.messages RENAME COLUMN content TO words',
		'ALTER TABLE fca.messages RENAME COLUMN words TO content' ],
	[ 'ALTER TABLE shop.part RENAME TO piece', 'ALTER TABLE shop.piece RENAME TO part' ],
	[ 'BEGIN;'
		  . ' CREATE TABLE shop.faqs AS'
		  . ' SELECT is_active, keywords, category, answer, question, id FROM fca.faqs;'
		  . ' ALTER TABLE fca.faqs RENAME TO old_faqs; ALTER TABLE shop.faqs SET SCHEMA fca;'
		  . ' GRANT ALL ON fca.faqs TO app; COMMIT',
		'BEGIN; DROP TABLE fca.faqs; ALTER TABLE fca.old_faqs RENAME TO faqs; COMMIT' ],
	[ 'ALTER TABLE fca.accounts RENAME TO old_accounts', 'ALTER TABLE fca.old_accounts RENAME TO accounts' ],
	[ 'ALTER TABLE shop.note ADD COLUMN extra text', 'ALTER TABLE shop.note DROP COLUMN extra' ],
	[ 'ALTER TABLE shop.note DROP COLUMN colour, ADD COLUMN colour text' ],
	[ 'VACUUM FULL shop.note' ],
	[ 'BEGIN; ALTER TABLE shop.part DISABLE TRIGGER ALL; ALTER TABLE shop.part RENAME COLUMN name TO n;'
		  . ' ALTER TABLE shop.part RENAME COLUMN n TO name; COMMIT' ],
	[ 'CREATE POLICY everybody ON fca.conversations USING (true);'
		  . ' ALTER TABLE fca.conversations ENABLE ROW LEVEL SECURITY',
		'ALTER TABLE fca.conversations DISABLE ROW LEVEL SECURITY;'
		  . ' DROP POLICY IF EXISTS everybody ON fca.conversations' ]);
my %done;
my %refused;
my $round = 0;
while (time() < $end)
{
	my $n = $round++ % @changes;
	foreach my $statement (@{ $changes[$n] })
	{
		for my $try (1 .. 100)
		{
			my ($status, $stdout, $stderr) = $node->psql('postgres', $statement,
				extra_params => [ '-v', 'VERBOSITY=verbose' ], on_error_stop => 1);
			if ($status == 0) { $done{$n}++; last; }
			my ($state) = $stderr =~ /ERROR:\s+(\w{5})/;
			$refused{ $state // $stderr }++;
			diag("a change cannot be made: $statement: $stderr") if ($state // '') ne '40P01';
			# what CREATE INDEX CONCURRENTLY leaves when it fails
			$node->psql('postgres', 'DROP INDEX fca.soon') if $statement =~ /^CREATE INDEX/;
			sleep 0.05;
		}
	}
	# otherwise they would only wait
	sleep 0.1;
}
foreach my $pid (@children)
{
	waitpid($pid, 0);
	is($?, 0, 'a client comes to its end');
}

#
# What they saw
#

my (%ok, %errors, @bad);
foreach my $client (1 .. $clients)
{
	foreach (split /\n/, slurp_file("$dir/out.$client"))
	{
		if (/^ok (\w+)/) { $ok{$1}++; }
		else { push @bad, $_; }
	}
	my $text = slurp_file("$dir/err.$client");
	while ($text =~ /^(ERROR|FATAL|PANIC|WARNING):\s+(\w{5}): (.*)\n((?:(?!ERROR|FATAL|WARNING).*\n)*)/mg)
	{
		my ($level, $state, $message, $rest) = ($1, $2, $3, $4);
		# it follows an error within a transaction
		next if $state eq '25P02' || $message eq 'there is no transaction in progress';
		$errors{$state}++;
		next if $message =~ $of_server && $rest =~ /NULL::shop\.item/;
		push @bad, "$level $state $message $rest"
		  if $level ne 'ERROR' || !exists $expected{$state}
		  || $message =~ /cache lookup failed/;
	}
	push @bad, $text if $text =~ /server closed the connection|terminat/;
}
is(scalar @bad, 0, 'right rows, or an error that is expected')
  or diag(join "\n", @bad[ 0 .. ($#bad < 20 ? $#bad : 20) ]);

my @silent = grep { !$ok{$_} } finder_names, read_names, write_names, stream_names;
is("@silent", '', 'every function was answered');
my ($right, $wrong) = (0, 0);
$right += $_ foreach values %ok;
$wrong += $_ foreach values %errors;
cmp_ok($right, '>', $wrong, "most calls succeed: $right, and not: "
	  . join(', ', map { "$_ $errors{$_}" } sort keys %errors));
cmp_ok(scalar keys %done, '>', $seconds < 10 ? 0 : @changes / 2, 'the schema was changed: '
	  . join(' ', map { $done{$_} || 0 } 0 .. $#changes));
is(join(' ', grep { $_ ne '40P01' } keys %refused), '', 'changes fail by deadlocks only');
note("changes that were tried again: " . ($refused{'40P01'} // 0));

is($node->safe_psql('postgres', q{SELECT count(*) FROM shop.note AS n WHERE NOT test.is_right(to_jsonb(n))}),
	0, 'no value was written into a wrong column');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM shop.note'), '>', 0, 'and some were written');

is($node->safe_psql('postgres',
	"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"),
	1, 'all sessions have ended');
$node->stop;
my $log = slurp_file($node->logfile);
$log =~ s/^.*XX000:\ could\ not\ open\ relation\ with\ OID\ \d+\n
	.*LOCATION.*\n
	(.*STATEMENT:.*(?:populate_record|NULL::shop\.item).*\n)//mgx;
is(join("\n", $log =~ /^.*XX\d{3}:.*$/mg), '', 'no internal error in the log');
is(join("\n", $log =~ /^.*(?:was terminated by|PANIC|TRAP|cache lookup failed).*$/mg), '', 'no crash');
is(join("\n", $log =~ /^.*WARNING:.*(?:leak|still referenced|not closed|snapshot|refcount).*$/mg), '',
	'nothing leaks');
done_testing();
