# statement_timeout, lock_timeout, pg_cancel_backend and pg_terminate_backend end
# every long call within 100 ms; the session goes on, and nothing is left behind.
#
# Each call is interrupted at random moments.  On a busy machine one answer may
# be late for reasons of its own: the median of a call's answers must come within
# 100 ms, and each within a second.  Where a plain statement that is interrupted
# in the same way is late too, both are given ten times as much as that took, but
# never more than 0.9 s.  FCA_INTERRUPT_ROUNDS (1) interrupts each so
# many times as often, FCA_INTERRUPT_SPAN (0.4) at a moment within so many
# seconds, and FCA_INTERRUPT_SEED repeats a run's moments.
#
# What the server does in one step cannot be interrupted within it: to estimate a
# list of a million values, or to read a whole trigram index for a keyword of less
# than three letters.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use FcaSession;
use List::Util qw(max min);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{FCA_INTERRUPT_ROUNDS} || 1;
my $longest = $ENV{FCA_INTERRUPT_SPAN} || 0.4;
my $seed = $ENV{FCA_INTERRUPT_SEED} || int time;
srand $seed;
diag("FCA_INTERRUPT_SEED=$seed");

my $node = new_node('desk', conf => q{
autovacuum = off
synchronous_commit = off
max_wal_size = 4GB
max_parallel_workers_per_gather = 0
work_mem = 4MB
log_min_messages = warning
});
$node->start;
run_fixture($node, 'postgres', 'desk');

# A big table, and big arguments.  These are in a table, since to read a long
# literal is the server's work; not compressed, and in no order.
$node->safe_psql('postgres', q{
	CREATE UNLOGGED TABLE public.big (id int, n int, body text, updated_at timestamptz);
	INSERT INTO public.big SELECT i, i % 100000, 'row ' || i FROM generate_series(1, 1000000) AS i;
	ALTER TABLE public.big ADD PRIMARY KEY (id);
	CREATE INDEX ON public.big (n, id);
	CREATE UNLOGGED TABLE public.new (id int PRIMARY KEY, n int CHECK (n >= 0),
		body text DEFAULT 'none', tags int[]);
	CREATE UNLOGGED TABLE public.parent (id int PRIMARY KEY);
	INSERT INTO public.parent SELECT generate_series(1, 100000);
	CREATE UNLOGGED TABLE public.child (id int PRIMARY KEY, parent int REFERENCES public.parent);

	CREATE UNLOGGED TABLE public.given (name text PRIMARY KEY, value jsonb);
	ALTER TABLE public.given ALTER value SET STORAGE EXTERNAL;
	INSERT INTO public.given
	SELECT unnest(ARRAY['good', 'uneven', 'broken', 'all broken', 'unread', 'orphans', 'upserts']),
		unnest(ARRAY[
			jsonb_agg(jsonb_build_object('id', i, 'n', i, 'body', 'row ' || i)),
			jsonb_agg(jsonb_build_object('id', i, CASE WHEN i % 2 = 0 THEN 'n' ELSE 'body' END, i)),
			jsonb_agg(jsonb_build_object('id', i, 'n', CASE WHEN i % 2 = 0 THEN i ELSE -i END)),
			jsonb_agg(jsonb_build_object('id', i, 'n', -i)),
			jsonb_agg(jsonb_build_object('id', i,
				'n', CASE WHEN i % 2 = 0 THEN to_jsonb(i) ELSE to_jsonb('x' || i) END)),
			jsonb_agg(jsonb_build_object('id', i, 'parent', CASE WHEN i % 100 = 0 THEN -i ELSE i END)),
			jsonb_agg(jsonb_build_object('id', i * 7, 'n', i))])
	FROM generate_series(1, 100000) AS i;
	INSERT INTO public.given
	SELECT unnest(ARRAY['array', 'in', 'emails']),
		unnest(ARRAY[
			jsonb_build_array(jsonb_build_object('id', 1, 'n', 1, 'tags', jsonb_agg(i))),
			jsonb_build_object('id', jsonb_agg(i)),
			jsonb_build_object('emails', jsonb_agg('c' || i || '@example.com'))])
	FROM (SELECT i FROM generate_series(1, 1000000) AS i ORDER BY hashint4(i)) AS s;
	INSERT INTO public.given
	SELECT unnest(ARRAY['some', 'not in', 'text in']),
		unnest(ARRAY[
			jsonb_build_object('id', jsonb_agg(i)),
			jsonb_build_object('n', jsonb_build_object('not_in', jsonb_agg(i))),
			jsonb_build_object('body', jsonb_agg('row ' || i))])
	FROM generate_series(1, 100000) AS i;

	INSERT INTO fca.faqs (question, answer, keywords)
	SELECT 'question ' || i, 'a', 'k' || i FROM generate_series(1, 300000) AS i;
	ANALYZE;
});
$node->safe_psql('postgres', 'VACUUM fca.faqs; CHECKPOINT');

my $control = FcaSession->new($node, 'postgres');

#
# What runs long
#

sub given { return "(SELECT value FROM public.given WHERE name = '$_[0]')"; }
sub counted { return "SELECT count(*) FROM fca.$_[0]"; }

my %paths = (
	'create_many' => counted('create_many(NULL::public.new, ' . given('good') . ')'),
	'create_many, with defaults' =>
	  counted('create_many(NULL::public.new, ' . given('uneven') . ')'),
	'create_many, a long array' =>
	  counted('create_many(NULL::public.new, ' . given('array') . ')'),
	'create_many_report' =>
	  counted('create_many_report(NULL::public.new, ' . given('good') . ')'),
	'create_many_report, every other row bad' =>
	  counted('create_many_report(NULL::public.new, ' . given('broken') . ')'),
	'create_many_report, all rows bad' =>
	  counted('create_many_report(NULL::public.new, ' . given('all broken') . ')'),
	'create_many_report, rows that cannot be read' =>
	  counted('create_many_report(NULL::public.new, ' . given('unread') . ')'),
	'create_many_report, missing parents' =>
	  counted('create_many_report(NULL::public.child, ' . given('orphans') . ')'),
	'upsert_many' => counted('upsert_many(NULL::public.big, ' . given('upserts') . ')'),
	'update_many' =>
	  q{SELECT fca.update_many(NULL::public.big, '{"n": {"gte": 50000}}', '{"body": "new"}')},
	'update_many, a long list' =>
	  'SELECT fca.update_many(NULL::public.big, ' . given('in') . q{, '{"body": "new"}')},
	'delete_many' => q{SELECT fca.delete_many(NULL::public.big, '{"n": {"gte": 50000}}')},
	'get_by_filters' =>
	  counted(q{get_by_filters(NULL::public.big, '{"body": {"contains": "OW 9"}}', max_rows => NULL)}),
	'get_by_filters, a long list' =>
	  counted('get_by_filters(NULL::public.big, ' . given('in') . ', max_rows => NULL)'),
	'get_by_filters, a list without index' =>
	  counted('get_by_filters(NULL::public.big, ' . given('text in') . ', max_rows => NULL)'),
	'get_by_filters, none of a list' =>
	  counted('get_by_filters(NULL::public.big, ' . given('not in') . ', max_rows => NULL)'),
	'get_many' =>
	  counted('get_many(NULL::public.big, ARRAY(SELECT generate_series(1000000, 1, -1)))'),
	'get_many, ids as text' => counted(
		'get_many(NULL::public.big, ARRAY(SELECT i::text FROM generate_series(1000000, 1, -1) AS i))'),
	'get_all' => counted('get_all(NULL::public.big, max_rows => NULL)'),
	'get_all, sorted' =>
	  counted(q{get_all(NULL::public.big, max_rows => NULL, sort_by => 'body')}),
	'get_all, a deep page' =>
	  counted(q{get_all(NULL::public.big, skip => 900000, sort_by => 'updated_at')}),
	'get_all, rows sent' => 'SELECT * FROM fca.get_all(NULL::public.big, max_rows => NULL)',
	'get_page' => counted(
		q{get_page(NULL::public.big, '{"body": {"ends_with": "77"}}', 'body desc', NULL,
		'{"body": "row 900", "id": 900}')}),
	'get_children' => counted(
		q{get_children(NULL::public.big, 'n', ARRAY(SELECT generate_series(1, 100000)), 3, 'id desc')}),
	'count' => q{SELECT fca.count(NULL::public.big, '{"body": {"contains": "5"}}')},
	'count_estimate, a list' =>
	  'SELECT fca.count_estimate(NULL::public.big, ' . given('some') . ')',
	'find_one' => q{SELECT fca.find_one(NULL::public.big, '{"body": {"contains": "xyz"}}')},
	'search_by_keyword' => counted(q{search_by_keyword('que', NULL)}),
	'find_by_emails' => counted(
		q{find_by_emails(ARRAY(SELECT 'c' || i || '@example.com' FROM generate_series(1, 500000) AS i))}),
	'find_recent_messages_of' => counted(
		q{find_recent_messages_of(ARRAY(SELECT generate_series(1, 300000)))}),
	'open_finder, a long list' =>
	  q{DO $$ BEGIN PERFORM fca.open_finder('find_by_emails', } . given('emails') . q{); END $$},
	'fetch from open_cursor' => [
		q{SELECT fca.open_cursor(NULL::public.big, '{"n": {"gte": 5}}', 'body', 'c')},
		'FETCH ALL FROM c'
	],
	'fetch from open_finder' => [
		q{SELECT fca.open_finder('search_by_keyword', '{"keyword": "que", "max_rows": null}', 'c')},
		'FETCH ALL FROM c'
	]);

# What is still there of a session: bytes, locks, files.
sub memory_of
{
	my ($session) = @_;
	return $session->query(q{SELECT sum(used_bytes) FROM pg_backend_memory_contexts});
}

sub left_by
{
	my ($session) = @_;
	return $control->query('SELECT (SELECT count(*) FROM pg_locks WHERE pid = '
		  . $session->pid . q{) || ' locks, ' || (SELECT count(*) FROM pg_ls_tmpdir()) || ' files'});
}

# Interrupts a call once; gives the delay of its answer, in ms.  A call that ends
# before is made again and interrupted earlier, by a span that is kept.
sub interrupt
{
	my ($session, $how, $sql, $span) = @_;
	my ($before, $call) = ref $sql ? @$sql : (undef, $sql);
	my %states = (cancel => '57014', timeout => '57014', terminate => '57P01');

	for (1 .. 40)
	{
		my $moment = 0.005 + rand $$span;
		my $ms = int $moment * 1000;
		$session->query('BEGIN');
		$session->query($before) if defined $before;
		$session->query("SET LOCAL statement_timeout = $ms") if $how eq 'timeout';
		my $sent = time;
		$session->send($call);
		if ($how eq 'timeout')
		{
			$sent += $ms / 1000;
		}
		else
		{
			sleep $moment;
			$sent = time;
			$control->query("SELECT pg_${how}_backend(" . $session->pid . ')');
		}
		my $answer = $session->wait;
		# who is sending rows may end without a word
		return 1000 * ($answer->{at} - $sent)
		  if $how eq 'terminate' && $answer->{state} =~ /^(57P01|lost)$/;
		if ($how eq 'terminate')
		{
			die "$answer->{state} $answer->{message}" if $answer->{state} ne '00000';
			$session = FcaSession->new($node, 'postgres');
			$$span *= 0.7;
			next;
		}
		# where the call was not interrupted, this can be
		$session->query('ROLLBACK') if $session->try('ROLLBACK')->{state} ne '00000';
		return 1000 * ($answer->{at} - $sent) if $answer->{state} eq $states{$how};
		die "$answer->{state} $answer->{message}" if $answer->{state} ne '00000';
		$$span *= 0.7;
	}
	die "$call cannot be interrupted";
}

sub median { return (sort { $a <=> $b } @_)[ $#_ / 2 ]; }

# A plain statement is interrupted in the same way, right after a call is: how
# late its answer is tells what the machine does at that moment.  These are the
# delays of the last eight, those of this call and the one before.
my @plain;

sub interrupt_both
{
	my ($session, $how, $sql, $span) = @_;
	my $delay = interrupt($session, $how, $sql, $span);
	my $moment = 0.02;

	push @plain,
	  interrupt(FcaSession->new($node, 'postgres'),
		$how, 'SELECT sum(a.id % b.id) FROM public.parent AS a, public.parent AS b', \$moment);
	shift @plain if @plain > 8;
	return $delay;
}

# Within how many ms an answer must come that a machine of our own gives in so
# many.  A call that does not look for interrupts takes longer than any of these.
sub limit { return $_[0] + min(900, 10 * max @plain); }

sub shown { return join ' ', map { sprintf '%.0f', $_ } @_; }

# An answer's delays, and those that a plain statement had meanwhile.
sub in_time
{
	my ($name, @delays) = @_;
	diag("$name: ${\shown(@delays)} ms, a plain statement ${\shown(@plain)} ms");
	cmp_ok(median(@delays), '<=', limit(100), "$name: within 100 ms");
	cmp_ok(max(@delays), '<=', limit(1000), "$name: each time within 1 s");
	return;
}

my @all;
foreach my $name (sort keys %paths)
{
	my $session = FcaSession->new($node, 'postgres');
	my $span = $longest;
	my @delays = interrupt_both($session, 'cancel', $paths{$name}, \$span);

	# From here on what the session keeps, such as plans, is there.
	my $memory = memory_of($session);
	for (1 .. $rounds)
	{
		push @delays, map { interrupt_both($session, $_, $paths{$name}, \$span) } 'cancel', 'timeout';
	}
	my $growth = memory_of($session) - $memory;
	cmp_ok($growth, '<', 256 * 1024, "$name: no memory is left: $growth");
	is(left_by($session), '0 locks, 0 files', "$name: nothing else is left");
	is($session->query(q{SELECT id FROM fca.get_by_id(NULL::public.big, 5)}),
		5, "$name: the session goes on");
	push @delays, interrupt_both($session, 'terminate', $paths{$name}, \$span);

	in_time("$name is interrupted", @delays);
	push @all, @delays;
	$session->quit;
}

# The longest text that an input can make: all tests of a filter in each part of a
# page, by all sort keys of a table as wide as there may be.  To parse and plan it
# is mostly one step of the server's; it ends, or is ended, in time.
{
	my $session = FcaSession->new($node, 'postgres');
	$session->query(q{DO $$ BEGIN
		EXECUTE 'CREATE TABLE public.wide (id int PRIMARY KEY, '
			|| (SELECT string_agg('c' || i || ' int', ', ') FROM generate_series(1, 1590) AS i) || ')';
		END $$});
	my $sent = time;
	my $state = $session->try(q{SET statement_timeout = '1s';
		SELECT count(*) FROM fca.get_page(NULL::public.wide,
			(SELECT jsonb_build_object('any_of',
					jsonb_agg(jsonb_build_object('c' || i, jsonb_build_object('gt', i))))
				FROM generate_series(1, 990) AS i),
			(SELECT string_agg('c' || i || CASE WHEN i % 2 = 0 THEN ' desc' ELSE '' END, ', ' ORDER BY i)
				FROM generate_series(1, 16) AS i),
			100,
			(SELECT jsonb_object_agg('c' || i, i) || '{"id": 3}' FROM generate_series(1, 16) AS i))
		})->{state};
	my $took = 1000 * (time - $sent);
	like($state, qr/^(00000|57014)$/, "the longest text: $state");
	cmp_ok($took, '<=', limit(1100), sprintf 'within 1.1 s: %.0f ms', $took);
	$session->quit;
}

#
# What waits for a lock
#

$control->query(q{
	CREATE TABLE public.notes (id int PRIMARY KEY, body text);
	INSERT INTO public.notes VALUES (1, 'a'), (2, 'b')});

my $row = q{SELECT FROM public.notes WHERE id = 1 FOR UPDATE};
my $key = q{INSERT INTO public.notes VALUES (3, 'c')};
my $table = q{LOCK TABLE public.notes};
my %waits = (
	get_by_id_for_update => [ $row, q{SELECT fca.get_by_id_for_update(NULL::public.notes, 1)} ],
	update => [ $row, q{SELECT fca.update(NULL::public.notes, 1, '{"body": "x"}')} ],
	update_if =>
	  [ $row, q{SELECT fca.update_if(NULL::public.notes, 1, '{"body": "a"}', '{"body": "x"}')} ],
	update_many =>
	  [ $row, q{SELECT fca.update_many(NULL::public.notes, '{"id": [1, 2]}', '{"body": "x"}')} ],
	upsert => [ $row, q{SELECT fca.upsert(NULL::public.notes, '{"id": 1, "body": "x"}')} ],
	delete => [ $row, q{SELECT fca.delete(NULL::public.notes, 1)} ],
	delete_many => [ $row, q{SELECT fca.delete_many(NULL::public.notes, '{"id": 1}')} ],
	create => [ $key, q{SELECT fca.create(NULL::public.notes, '{"id": 3}')} ],
	create_many => [ $key, q{SELECT fca.create_many(NULL::public.notes, '[{"id": 4}, {"id": 3}]')} ],
	'upsert, a new key' => [ $key, q{SELECT fca.upsert(NULL::public.notes, '{"id": 3, "body": "x"}')} ],
	create_many_report => [ $table, q{SELECT fca.create_many_report(NULL::public.notes, '[{"id": 4}]')} ],
	get_all => [ $table, q{SELECT fca.get_all(NULL::public.notes)} ],
	count => [ $table, q{SELECT fca.count(NULL::public.notes)} ],
	open_cursor => [ $table, q{DO $$ BEGIN PERFORM fca.open_cursor(NULL::public.notes); END $$} ],
	find_escalated_for_update =>
	  [ 'LOCK TABLE fca.conversations', 'SELECT fca.find_escalated_for_update()' ],
	find_by_email => [ 'LOCK TABLE fca.customers', q{SELECT fca.find_by_email('c1@example.com')} ],
	create_tables =>
	  [ 'ALTER TABLE fca.faqs RENAME TO questions', 'SELECT fca.create_tables()' ]);

my $holder = FcaSession->new($node, 'postgres');
foreach my $name (sort keys %waits)
{
	my ($lock, $sql) = @{ $waits{$name} };
	my $session = FcaSession->new($node, 'postgres');
	my $span = 0.05;
	my @delays;

	$holder->query('BEGIN');
	$holder->query($lock);
	for (1 .. $rounds)
	{
		$session->query('SET lock_timeout = 20');
		my $sent = time;
		my $answer = $session->try($sql);
		is($answer->{state}, '55P03', "$name: lock_timeout");
		push @delays, 1000 * ($answer->{at} - $sent) - 20;
		$session->query('RESET lock_timeout');
		push @delays, map { interrupt_both($session, $_, $sql, \$span) } 'cancel', 'timeout';
	}
	is(left_by($session), '0 locks, 0 files', "$name: nothing is left");
	push @delays, interrupt_both($session, 'terminate', $sql, \$span);
	$holder->query('ROLLBACK');

	in_time("$name stops waiting for a lock", @delays);
	push @all, @delays;
	$session->quit;
}

# A row that waits for another session's key: a lock_timeout ends the call, as a
# cancel does, and not the row alone.
{
	my $session = FcaSession->new($node, 'postgres');
	my $sql = q{SELECT sqlstate FROM fca.create_many_report(NULL::public.notes, '[{"id": 3}, {"id": 4}]')};
	my $span = 0.05;
	$holder->query($_) foreach ('BEGIN', $key);
	$session->query('BEGIN; SET LOCAL lock_timeout = 20');
	is($session->try($sql)->{state}, '55P03', 'a row that waits too long');
	$session->query('ROLLBACK');
	foreach my $how ('cancel', 'timeout', 'terminate')
	{
		my $delay = interrupt_both($session, $how, $sql, \$span);
		cmp_ok($delay, '<=', limit(1000), "create_many_report of a key in use: $how");
	}
	$holder->query('ROLLBACK');
	$session->quit;
}

#
# What is left of all that
#

is($control->query(q{
	SELECT (SELECT count(*) FROM public.new) || ' ' || (SELECT count(*) FROM public.child)
		|| ' ' || (SELECT count(*) FROM public.big WHERE body <> 'row ' || id)
		|| ' ' || (SELECT count(*) FROM public.big)
		|| ' ' || (SELECT string_agg(body, '' ORDER BY id) FROM public.notes)}),
	'0 0 0 1000000 ab',
	'no call had an effect');
is($control->query('SELECT count(*) FROM pg_prepared_xacts'), 0, 'no transaction is left');
unlike(slurp_file($node->logfile), qr/(WARNING|PANIC):|TRAP|leak/, 'the log has no warning');
diag(sprintf('%d interrupts: median %.0f ms, latest %.0f ms',
	scalar @all, median(@all), max(@all)));

$_->quit foreach ($holder, $control);
$node->stop;
done_testing();
