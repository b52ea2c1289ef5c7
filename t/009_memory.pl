# Memory does not grow with calls, whether they succeed, fail, are rolled back or
# follow a schema change; lack of it is an error and no end of the session; and a
# large result is in temporary files, within work_mem.
#
# FCA_MEMORY_CALLS (20000) is the number of calls, FCA_MEMORY_ROWS (1000000) that
# of the rows of the large result; 1000000 and 10000000 are the whole drill.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use FcaSession;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $calls = $ENV{FCA_MEMORY_CALLS} || 20_000;
my $rows = $ENV{FCA_MEMORY_ROWS} || 1_000_000;

my $node = new_node('desk', conf => q{
shared_buffers = 32MB
synchronous_commit = off
max_wal_size = 4GB
max_parallel_workers_per_gather = 0
log_min_messages = fatal
});
$node->start;
run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');
my $control = FcaSession->new($node, 'postgres');

# What the kernel says of a session's process, in kB.
sub status_of
{
	my ($session, $field) = @_;
	return -1 if !-r '/proc/self/status';
	return $1 if slurp_file('/proc/' . $session->pid . '/status') =~ /^$field:\s+(\d+) kB/m;
	return -1;
}

sub memory_of
{
	my ($session) = @_;
	return $session->query('SELECT sum(used_bytes) FROM pg_backend_memory_contexts');
}

#
# A mix of everything
#

$control->query(q{
	CREATE TYPE public.mood AS ENUM ('sad', 'happy');
	CREATE TABLE public.shape (id int PRIMARY KEY, a text, b numeric(10, 2), c int[],
		m public.mood DEFAULT 'sad', at timestamptz, updated_at timestamptz, CHECK (b >= 0));
	INSERT INTO public.shape SELECT i, 'a' || i, i, ARRAY[i, 2], 'happy', now()
		FROM generate_series(1, 50) AS i;
	CREATE TABLE public.part (id int PRIMARY KEY, shape int REFERENCES public.shape);
	CREATE FUNCTION public.attempt(statement text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE statement;
		RAISE division_by_zero;
	EXCEPTION WHEN OTHERS THEN
		NULL;
	END $$;
});

# Calls that fail, each with its SQLSTATE.
my @failing = (
	[ q{SELECT fca.get_by_filters(NULL::public.shape, '{"none": 1}')}, '42703' ],
	[ q{SELECT fca.get_by_filters(NULL::public.shape, '{"b": {"like": 1}}')}, '22023' ],
	[ q{SELECT fca.get_by_filters(NULL::public.shape, '{"b": "x"}')}, '22P02' ],
	[ q{SELECT fca.get_by_filters(NULL::public.shape, '{"m": ["happy", "blue"]}')}, '22P02' ],
	[ q{SELECT fca.get_by_filters(NULL::public.shape, '[]')}, '22023' ],
	[ q{SELECT fca.get_all(NULL::public.shape, sort_by => 'none')}, '42703' ],
	[ q{SELECT fca.get_all(NULL::public.shape, max_rows => -1)}, '2201W' ],
	[ q{SELECT fca.get_all(NULL::int)}, '42809' ],
	[ q{SELECT fca.get_page(NULL::public.shape, sort_by => 'a', after => '{"a": 1}')}, '22023' ],
	[ q{SELECT fca.get_by_id(NULL::public.shape, 'x'::text)}, '22P02' ],
	[ q{SELECT fca.find_one(NULL::public.shape, '{"id": {"lt": 9}}')}, 'P0003' ],
	[ q{SELECT fca.create(NULL::public.shape, '{"id": 1}')}, '23505' ],
	[ q{SELECT fca.create(NULL::public.shape, '{"id": 1000, "b": -1}')}, '23514' ],
	[ q{SELECT fca.create(NULL::public.shape, '{"id": 1000, "c": [1, "x"]}')}, '22P02' ],
	[ q{SELECT fca.create_many(NULL::public.shape, '[{"id": 1000}, {"id": 1001, "a": "x"}, {"id": 1000}]')},
		'23505' ],
	[ q{SELECT fca.create_many(NULL::public.shape, '[{"id": 1000}, 5]')}, '22023' ],
	[ q{SELECT fca.create(NULL::public.part, '{"id": 1, "shape": -1}')}, '23503' ],
	[ q{SELECT fca.update(NULL::public.shape, 1, '{"b": -1}')}, '23514' ],
	[ q{SELECT fca.update(NULL::public.shape, 1, '{"b": "1e99"}')}, '22003' ],
	[ q{SELECT fca.update_many(NULL::public.shape, '{}', '{"b": 1}')}, '22023' ],
	[ q{SELECT fca.upsert(NULL::public.shape, '{"id": 1, "a": "x"}', '{a}')}, '42P10' ],
	[ q{SELECT fca.upsert_many(NULL::public.shape, '[{"id": 1, "a": "x"}, {"id": null}]')}, '22023' ],
	[ q{SELECT fca.delete_many(NULL::public.shape, NULL)}, '22023' ],
	[ q{SELECT fca.find_by_status('unknown')}, '22023' ],
	[ q{SELECT fca.search_by_name('')}, '22023' ],
	[ q{SELECT fca.find_vip_customers(after_id => 1)}, '22023' ],
	[ q{SELECT fca.open_finder('none')}, '42883' ],
	[ q{SELECT fca.open_cursor(NULL::public.shape, sort_by => 'id,,')}, '22023' ]);

# Schema changes, by another session and by the one of the calls; a round ends
# in the schema that it began with.
my @changes = (
	'ALTER TABLE public.shape ALTER a TYPE varchar(99)',
	'ALTER TABLE public.shape RENAME a TO z',
	'ALTER TABLE public.shape RENAME z TO a',
	'CREATE INDEX shape_b ON public.shape (b)',
	'ALTER TABLE public.shape ALTER b TYPE numeric(12, 3)',
	'ALTER TYPE public.mood RENAME TO temper',
	'ALTER TYPE public.temper RENAME TO mood',
	'ALTER TABLE public.shape RENAME TO form',
	'ALTER TABLE public.form RENAME TO shape',
	'DROP INDEX public.shape_b',
	'ALTER TABLE public.shape ALTER a TYPE text, ALTER b TYPE numeric(10, 2)',
	'ALTER TABLE fca.faqs RENAME TO questions',
	'ALTER TABLE fca.questions RENAME TO faqs',
	'ALTER TABLE fca.customers ALTER notes TYPE varchar(1000)',
	'ALTER TABLE fca.customers ALTER notes TYPE text',
	'ANALYZE public.shape, fca.customers');

my @shapes = (
	q{SELECT fca.get_by_id(NULL::public.shape, 1 + i % 50)},
	q{SELECT fca.get_by_filters(NULL::public.shape, '{"m": ["sad", "happy"], "b": {"gte": i}}',
	sort_by => 'b desc')},
	q{SELECT fca.get_page(NULL::public.shape, '{}', 'b desc, at', 5, '{"b": 20, "at": null, "id": 9}')},
	q{SELECT fca.get_children(NULL::public.shape, 'm', ARRAY['sad', 'happy'], 3)},
	q{SELECT fca.count(NULL::public.shape, '{"c": {"ne": [1, 2]}, "any_of": [{"b": i}, {"at": null}]}')},
	q{SELECT fca.update(NULL::public.shape, 1 + i % 50, '{"b": i, "c": [1, i]}')},
	q{SELECT fca.update_if(NULL::public.shape, 1, '{"b": {"gte": 0}}', '{"b": 1.5}')},
	q{SELECT fca.upsert_many(NULL::public.shape, '[{"id": 2, "b": i}, {"id": 3, "m": "sad"}]')},
	q{SELECT fca.create_many_report(NULL::public.shape,
	'[{"id": 1}, {"id": 5000, "b": i}, {"id": 5001, "b": -1}, {"id": 5002, "m": "blue"}]')},
	q{SELECT fca.create_many_report(NULL::public.part, '[{"id": 1, "shape": -1}, {"id": 2, "shape": 1}]')},
	q{SELECT fca.create(NULL::public.shape, '{"id": 5000, "c": [[1, 2], [3, i]]}')},
	q{SELECT fca.delete_many(NULL::public.shape, '{"id": [40, i]}')});

my @mix = (
	(map { my $name = $_; sub { finder_call($name, 1 + $_[0] % 9) } } finder_names),
	(map { my $name = $_; sub { read_call($name, 1 + $_[0] % 9) } } read_names),
	(map { my $name = $_; sub { ('BEGIN', write_call($name, 1000 + $_[0]), 'ROLLBACK') } }
		  grep { $_ ne 'create_tables' } write_names),
	(map { my $name = $_; sub { ('BEGIN', stream_call($name, 1 + $_[0] % 9), 'COMMIT') } } stream_names),
	# fetched from, and left open
	sub {
		(   'BEGIN', q{SELECT fca.open_cursor(NULL::public.shape, '{}', 'b', 'c')},
			'FETCH 5 FROM c', 'ROLLBACK');
	},
	(map {
			my $sql = $_;
			sub { my $i = $_[0] % 1000; return ('BEGIN', $sql =~ s/\bi\b/$i/gr, 'ROLLBACK') }
	} @shapes),
	(map { my $sql = $_->[0]; sub { $sql } } @failing),
	# subtransactions that are rolled back: after an effect, after an error
	(map {
			my $sql = $_;
			sub {
				my $i = $_[0] % 1000;
				my $fails = $failing[ $_[0] % @failing ][0];
				return ('BEGIN', 'SAVEPOINT s', $sql =~ s/\bi\b/$i/gr, 'ROLLBACK TO s',
					$fails, 'ROLLBACK TO s', 'COMMIT');
			}
	} @shapes),
	(map {
			my $sql = $_;
			sub {
				my $i = $_[0] % 1000;
				return 'SELECT public.attempt($fca$' . ($sql =~ s/\bi\b/$i/gr) . '$fca$)';
			}
	} @shapes, map { $_->[0] } @failing));

my $session = FcaSession->new($node, 'postgres');
my $done = 0;
my $failed = 0;
my %unexpected;

# Calls until there were so many; sent ahead, to wait less.  A schema change comes
# after each 100, and all of them in 1,600.
sub call_until
{
	my ($end) = @_;
	my $expected = join '|', '00000', map { $_->[1] } @failing;
	while ($done < $end)
	{
		my @sent = map { $mix[ $_ % @mix ]->($_) } $done .. $done + 99;
		foreach my $part (0 .. $#sent / 50)
		{
			my @some = @sent[ $part * 50 .. $part * 50 + 49 ];
			@some = grep { defined } @some;
			$session->send($_) foreach @some;
			foreach my $sql (@some)
			{
				my $answer = $session->wait;
				$failed++ if $answer->{state} ne '00000';
				$unexpected{"$answer->{state} $answer->{message}"} //= $sql
				  if $answer->{state} !~ /^($expected|42P01|42704|25P02)$/;
			}
		}
		$done += 100;
		my $who = $done / 1600 % 2 ? $session : $control;
		$who->query($changes[ $done / 100 % @changes ]);
	}
	return;
}

foreach my $case (@failing)
{
	my ($sql, $state) = @$case;
	is($session->try($sql)->{state}, $state, "fails as meant: $sql");
}

# The schema is the same at each measure; what every call keeps is there.
my $step = $calls / 10 - $calls / 10 % 1600 || 1600;
my $begun = time;
call_until(3200);
my @measures = (memory_of($session));
my @resident = (status_of($session, 'RssAnon'));
for my $n (1 .. 10)
{
	call_until(3200 + $n * $step);
	push @measures, memory_of($session);
	push @resident, status_of($session, 'RssAnon');
}
diag(sprintf('%d calls, %d statements failed, %.0f s', $done, $failed, time - $begun));
diag('bytes in memory contexts: ' . join ' ', @measures);
diag('private resident kB: ' . join ' ', @resident);
is_deeply(\%unexpected, {}, 'calls fail only as they should');
cmp_ok($failed, '>', $done / 10, 'many of the calls fail');

# The server itself keeps some 80 bytes of each schema change in its caches, also
# where no function is called.
cmp_ok($measures[-1] - $measures[1], '<', 200_000 + 9 * $step / 100 * 150,
	'no growth of the memory contexts');
cmp_ok($resident[-1] - $resident[1], '<', 8192, 'no growth of the process');
is($session->query(q{SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()
	AND locktype <> 'virtualxid' AND relation IS DISTINCT FROM 'pg_locks'::regclass}),
	0, 'no lock is left');
$session->quit;

#
# Lack of memory
#

SKIP:
{
	my $limited = FcaSession->new($node, 'postgres');
	skip 'no prlimit', 1
	  if status_of($limited, 'VmSize') < 0
	  || system('prlimit --pid ' . $limited->pid . ' --as=unlimited >/dev/null 2>&1') != 0;

	$control->query(q{
		CREATE TABLE public.filled (id int PRIMARY KEY, body text, tags int[]);
		INSERT INTO public.filled SELECT i, repeat('x', 500) FROM generate_series(1, 60000) AS i;
		CREATE TABLE public.given (name text PRIMARY KEY, value jsonb);
		INSERT INTO public.given
		SELECT unnest(ARRAY['rows', 'bad', 'list', 'array', 'texts']), unnest(ARRAY[
			jsonb_agg(jsonb_build_object('id', i, 'body', repeat('y', 500))),
			jsonb_agg(jsonb_build_object('id', i, 'body', repeat('y', 500), 'tags', 'x')),
			jsonb_build_object('id', jsonb_agg(i)),
			jsonb_build_array(jsonb_build_object('id', -1, 'tags',
			(SELECT jsonb_agg(j) FROM generate_series(1, 600000) AS j))),
			jsonb_build_object('body', jsonb_agg(repeat('y', 200000) || i) FILTER (WHERE i % 200 = 0))])
		FROM generate_series(100001, 140000) AS i;
		ANALYZE public.filled;
	});
	my $given = sub { "(SELECT value FROM public.given WHERE name = '$_[0]')" };
	my %hungry = (
		create => q{SELECT count(*) FROM fca.create(NULL::public.filled,
			jsonb_build_object('id', -1, 'body', repeat('y', 60000000)))},
		create_many => 'SELECT count(*) FROM fca.create_many(NULL::public.filled, ' . $given->('rows') . ')',
		'create_many, array' =>
		  'SELECT count(*) FROM fca.create_many(NULL::public.filled, ' . $given->('array') . ')',
		create_many_report =>
		  'SELECT count(*) FROM fca.create_many_report(NULL::public.filled, ' . $given->('rows') . ')',
		'create_many_report, bad rows' =>
		  'SELECT count(*) FROM fca.create_many_report(NULL::public.filled, ' . $given->('bad') . ')',
		upsert_many => 'SELECT count(*) FROM fca.upsert_many(NULL::public.filled, ' . $given->('rows') . ')',
		update => q{SELECT count(*) FROM fca.update(NULL::public.filled, 1,
			jsonb_build_object('body', repeat('y', 60000000)))},
		get_all => q{SELECT count(*) FROM fca.get_all(NULL::public.filled, max_rows => NULL)},
		'get_all, sorted' => q{SELECT count(*)
			FROM fca.get_all(NULL::public.filled, max_rows => NULL, sort_by => 'body desc')},
		'get_by_filters, a list' =>
		  'SELECT count(*) FROM fca.get_by_filters(NULL::public.filled, ' . $given->('texts') . ')',
		get_many => q{SELECT count(*)
			FROM fca.get_many(NULL::public.filled, ARRAY(SELECT generate_series(1, 60000)))},
		update_many => q{SELECT fca.update_many(NULL::public.filled, '{"id": 1}',
			jsonb_build_object('body', repeat('y', 60000000)))},
		delete_many => 'SELECT fca.delete_many(NULL::public.filled, ' . $given->('texts') . ')',
		find_by_emails => q{SELECT count(*)
			FROM fca.find_by_emails(ARRAY(SELECT repeat('y', 500) || i FROM generate_series(1, 60000) AS i))},
		open_cursor => [ q{SELECT fca.open_cursor(NULL::public.filled, '{}', 'body', 'c')},
			'FETCH ALL FROM c' ]);

	# Rows stay in memory, as far as there is any.  A limit a little above what
	# the process has, and more and more: so the call fails here and there.
	my %lacks;
	foreach my $name (sort keys %hungry)
	{
		# a new session: one keeps for its next call what it has given back
		$limited->quit;
		$limited = FcaSession->new($node, 'postgres');
		$limited->query(q{SET work_mem = '1GB'; SET temp_buffers = '1MB'});
		$limited->query('SELECT fca.exists(NULL::public.filled, 1)');    # loads the module
		my ($first, $sql) = ref $hungry{$name} ? @{ $hungry{$name} } : ('', $hungry{$name});
		foreach my $margin (0, 1, 3, 8, 20, 45)
		{
			my $bytes = (status_of($limited, 'VmSize') + $margin * 1024) * 1024;
			system('prlimit --pid ' . $limited->pid . " --as=$bytes:unlimited") == 0 or die;
			$limited->try('BEGIN');
			my $answer = $limited->try($first);
			$answer = $limited->try($sql) if $answer->{state} eq '00000';
			$lacks{$name}++ if $answer->{state} eq '53200';
			like($answer->{state}, qr/^(53200|00000)$/, "$name, $margin MB left: $answer->{message}")
			  if $answer->{state} !~ /^(53200|00000)$/;
			BAIL_OUT('the session is lost') if $answer->{closed};
			$limited->try('ROLLBACK');
		}
		system('prlimit --pid ' . $limited->pid . ' --as=unlimited:unlimited') == 0 or die;
		cmp_ok($lacks{$name} || 0, '>', 0, "$name: lack of memory is error 53200");
		is($limited->query('SELECT id FROM fca.get_by_id(NULL::public.filled, 5)'), 5,
			"$name: the session lives");
		my %memory;
		foreach my $session ($limited, FcaSession->new($node, 'postgres'))
		{
			$session->query('BEGIN');
			$session->query($first);
			is($session->try($sql)->{state}, '00000', "$name: and can do it, with the memory");
			$session->query('ROLLBACK');
			$memory{$session} = memory_of($session);
			$session->quit if $session != $limited;
			$memory{new} = $memory{$session};
		}
		my $growth = $memory{$limited} - $memory{new};
		cmp_ok($growth, '<', 300_000, "$name: no memory is left after lack of it: $growth");
	}
	diag('lack of memory: ' . join ', ', map { "$_ $lacks{$_} of 6" } sort keys %lacks);
	$limited->quit;
}

#
# A large result
#

$control->query(qq{
	CREATE UNLOGGED TABLE public.big (id int);
	INSERT INTO public.big SELECT generate_series(1, $rows);
	ALTER TABLE public.big ADD PRIMARY KEY (id);
	ANALYZE public.big});

foreach my $sql (
	"SELECT id FROM fca.get_all(NULL::public.big, max_rows => $rows)",
	q{SELECT id FROM fca.get_by_filters(NULL::public.big, '{"id": {"gte": 1}}', max_rows => NULL,
	sort_by => 'id desc')})
{
	my $reader = FcaSession->new($node, 'postgres');
	$reader->query(q{SET work_mem = '1MB'});
	$reader->query('SELECT count(*) FROM fca.get_all(NULL::public.big)');
	my $before = memory_of($reader);
	my $resident = status_of($reader, 'RssAnon');

	# The cursor's first row comes when the function has given all of its rows.
	$reader->query("BEGIN; DECLARE c CURSOR FOR $sql");
	my $begun = time;
	$reader->query('FETCH 1 FROM c');
	my $delay = time - $begun;
	my $files = $control->query('SELECT sum(size) FROM pg_ls_tmpdir()');
	my $growth = memory_of($reader) - $before;
	my $peak = status_of($reader, 'VmHWM');
	$resident = status_of($reader, 'RssAnon') - $resident;
	diag(sprintf('%d rows: %.1f s, %.1f MB in files, %.2f MB in memory contexts, private resident memory'
		  . ' grew %.1f MB, peak resident %.1f MB (with shared buffers)',
			$rows, $delay, $files / 2**20, $growth / 2**20, $resident / 1024, $peak / 1024));
	cmp_ok($files, '>', $rows * 8, 'the rows are in files');
	cmp_ok($growth, '<', 3 * 2**20, 'memory stays near work_mem');
	cmp_ok($resident, '<', 12 * 1024, 'and so does the process');
	cmp_ok($peak, '<', 120 * 1024, 'at its peak too');
	is(join('', $reader->query('MOVE ALL FROM c')), '', 'all of them can be read');
	$reader->query('COMMIT');
	is($control->query('SELECT count(*) FROM pg_ls_tmpdir()'), 0, 'no file is left');
	$reader->quit;
}

# A stream gives its first rows at once, and holds none.
{
	my $reader = FcaSession->new($node, 'postgres');
	$reader->query(q{BEGIN; SELECT fca.open_cursor(NULL::public.big); ROLLBACK});
	my $before = memory_of($reader);
	my $begun = time;
	$reader->query(q{BEGIN; SELECT fca.open_cursor(NULL::public.big, '{}', NULL, 'c'); FETCH 10 FROM c});
	my $delay = time - $begun;
	$reader->query('MOVE 1000 FROM c') for 1 .. 200;
	my $growth = memory_of($reader) - $before;
	diag(sprintf('stream: first rows after %.1f ms, %.2f MB', $delay * 1000, $growth / 2**20));
	cmp_ok($delay, '<', 1, 'a stream begins at once');
	cmp_ok($growth, '<', 2**20, 'and holds no rows');
	is($control->query('SELECT count(*) FROM pg_ls_tmpdir()'), 0, 'nor files');
	$reader->query('COMMIT');
	$reader->quit;
}

$control->quit;
$node->stop;
done_testing();
