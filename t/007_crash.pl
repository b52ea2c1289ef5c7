# After kill -9 of a backend, or of the whole server, each call that was
# acknowledged is whole, and each other one is whole or absent: never in part.
#
# FCA_CRASH_ROUNDS (8) is the number of crashes, and FCA_CRASH_SEED repeats a run's
# choices.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use FcaSession;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{FCA_CRASH_ROUNDS} || 8;
my $seed = $ENV{FCA_CRASH_SEED} || int time;
srand $seed;
diag("FCA_CRASH_SEED=$seed");

my $node = new_node('desk', conf => q{
restart_after_crash = on
synchronous_commit = on
autovacuum = off
wal_buffers = 16MB
log_min_messages = log
});
$node->start;

# Each session has its own group of rows to update; that of session 0 is large.
my $sessions = 4;
my $small = 20;
my $large = 20_000;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION fca_repo;
	CREATE TABLE public.entries (call int, n int CHECK (n > 0), note text DEFAULT 'none',
		PRIMARY KEY (call, n));
	CREATE TABLE public.groups (id serial PRIMARY KEY, grp int, call int);
	CREATE INDEX ON public.groups (grp);
	INSERT INTO public.groups (grp, call)
	SELECT s, 0 FROM generate_series(0, $sessions - 1) AS s
	CROSS JOIN LATERAL generate_series(1, CASE WHEN s = 0 THEN $large ELSE $small END);
	ANALYZE;
	CHECKPOINT;
});

#
# Calls
#
# Of each call it is known what its whole effect is: how many entries it makes, the
# sum of their numbers, and the group that it marks.
#

my @calls;    # by number; there is no call 0
$calls[0] = { rows => 0, sum => 0, state => 'done' };

my %kinds = (
	create_many => sub {
		my ($call, $size) = @_;
		@$call{qw(rows sum)} = ($size, $size * ($size + 1) / 2);
		return qq{SELECT count(*) FROM fca.create_many(NULL::public.entries, (SELECT jsonb_agg(
			jsonb_build_object('call', $call->{number}, 'n', i)) FROM generate_series(1, $size) AS i))};
	},
	# each tenth row is bad
	create_many_report => sub {
		my ($call, $size) = @_;
		my $bad = $size / 10;
		@$call{qw(rows sum)} = ($size - $bad, $size * ($size + 1) / 2 - 10 * $bad * ($bad + 1) / 2);
		return qq{SELECT count(*) FROM fca.create_many_report(NULL::public.entries, (SELECT jsonb_agg(
			jsonb_build_object('call', $call->{number}, 'n', CASE WHEN i % 10 = 0 THEN -i ELSE i END))
			FROM generate_series(1, $size) AS i))};
	},
	update_many => sub {
		my ($call) = @_;
		@$call{qw(rows sum marks)} = (0, 0, $call->{session});
		return qq{SELECT fca.update_many(NULL::public.groups,
			'{"grp": $call->{session}}', '{"call": $call->{number}}')};
	},
	# two calls in a transaction
	both => sub {
		my ($call, $size) = @_;
		my $create = $_[2]->($call, $size);
		$call->{marks} = $call->{session};
		return "$create; " . qq{SELECT fca.update_many(NULL::public.groups,
			'{"grp": $call->{session}}', '{"call": $call->{number}}')};
	});
my @kinds = sort keys %kinds;

# Sends the next call of a session.
sub send_call
{
	my ($session, $n, $kind, $size) = @_;
	my $call = { number => scalar @calls, session => $n, kind => $kind, state => 'sent' };
	push @calls, $call;
	$session->{call} = $call;
	$session->send($kinds{$kind}->($call, $size, $kinds{create_many}));
	return;
}

# Takes the answer to it; false where the session is lost.
my %errors;
sub take_answer
{
	my ($session) = @_;
	my $call = delete $session->{call};
	my $answer = $session->wait;
	$call->{state} = 'done' if $answer->{state} eq '00000';
	$errors{"$answer->{state} $answer->{message}"} = 1
	  if $answer->{state} !~ /^(00000|lost|57P0[1-5])$/;
	return $answer->{state} eq '00000';
}

#
# Crashes
#

sub connect_when_up
{
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	while (time < $deadline)
	{
		my $session = eval { FcaSession->new($node, 'postgres') };
		return $session if defined $session;
		sleep 0.05;
	}
	die 'the server does not come up';
}

# Kills the server: the postmaster first, so that it starts nothing again.
sub kill_server
{
	my (@processes) = @_;
	$node->kill9;
	kill 'KILL', @processes;
	return;
}

# Compares what there is with what must be there.
sub check_effects
{
	my ($session, $round) = @_;
	my %found = map { $_->[0] => $_ } @{ $session->try(q{
		SELECT call, count(*), sum(n) FROM public.entries GROUP BY call})->{rows} };
	my %marks;
	push @{ $marks{ $_->[0] } }, $_->[1] foreach @{ $session->try(q{
		SELECT grp, call FROM public.groups GROUP BY grp, call})->{rows} };
	my (%last, @partial, @lost, %count);

	foreach my $group (0 .. $sessions - 1)
	{
		is(scalar @{ $marks{$group} }, 1, "round $round: group $group is of one call: @{ $marks{$group} }");
	}
	foreach my $call (@calls[ 1 .. $#calls ])
	{
		my (undef, $rows, $sum) = @{ $found{ $call->{number} } || [ undef, 0, 0 ] };
		my $is_last = defined $call->{marks} && $marks{ $call->{marks} }[0] == $call->{number};
		my $whole = $rows == $call->{rows} && $sum == $call->{sum};
		my $absent = $rows == 0;

		# an update shows only until the next one of the group
		if ($call->{state} eq 'sent' && defined $call->{marks})
		{
			$whole &&= $is_last;
			$absent &&= !$is_last;
		}
		push @partial, "$call->{number} ($call->{kind}: $rows rows)" if !$whole && !$absent;
		push @lost, "$call->{number} ($call->{kind})" if $call->{state} eq 'done' && !$whole && $absent;
		push @lost, "$call->{number} ($call->{kind}: back again)" if $call->{state} eq 'absent' && !$absent;
		$last{ $call->{marks} } = $call->{number}
		  if defined $call->{marks} && ($call->{state} eq 'done' || $call->{state} eq 'sent' && $whole);
		next if $call->{state} ne 'sent';
		$call->{state} = $whole ? 'done' : 'absent';
		$count{ $call->{state} }++;
	}
	is("@partial", '', "round $round: no call is there in part");
	is("@lost", '', "round $round: no call that was acknowledged is lost");
	foreach my $group (sort keys %last)
	{
		is($marks{$group}[0], $last{$group}, "round $round: group $group is of its last call");
	}
	is($session->query(q{SET enable_seqscan = off; SELECT count(*) FROM public.entries WHERE call > 0;
		RESET enable_seqscan}),
		$session->query(q{SET enable_indexscan = off; SET enable_bitmapscan = off;
			SET enable_indexonlyscan = off; SELECT count(*) FROM public.entries WHERE call > 0; RESET ALL}),
		"round $round: the index has every row");
	return %count;
}

my %interrupted;
foreach my $round (1 .. $rounds)
{
	my $kind = $kinds[ ($round - 1) / 2 % @kinds ];
	my $how = $round % 2 ? 'backend' : 'server';
	my @workers = map { connect_when_up() } 1 .. $sessions;
	my $control = connect_when_up();
	my @processes = $control->query('SELECT pid FROM pg_stat_activity');
	$control->quit;

	# Session 0 makes a large call, to know how long it takes, and is to crash in
	# another one; the others make small ones all the time.
	send_call($workers[$_], $_, $kinds[ rand @kinds ], $small) foreach 1 .. $sessions - 1;
	my $begun = time;
	send_call($workers[0], 0, $kind, $large);
	my $done = 0;
	my $moment;
	my $acknowledged = 0;
	for (;;)
	{
		last if defined $moment && time >= $moment;
		my $waiting = '';
		vec($waiting, fileno $_->{socket}, 1) = 1 foreach grep { $_->{call} } @workers;
		my $left = defined $moment ? $moment - time : $PostgreSQL::Test::Utils::timeout_default;
		select($waiting, undef, undef, $left < 0 ? 0 : $left);
		foreach my $n (0 .. $#workers)
		{
			my $worker = $workers[$n];
			next if !$worker->{call} || !vec($waiting, fileno $worker->{socket}, 1);
			take_answer($worker) or die 'lost before the crash: ' . join ', ', keys %errors;
			$acknowledged++;
			if ($n > 0)
			{
				send_call($worker, $n, $kinds[ rand @kinds ], $small);
			}
			elsif ($done++ == 0)
			{
				$moment = time + (time - $begun) * (0.02 + rand 0.95);
				send_call($worker, 0, $kind, $large);
			}
		}
	}

	my $victim = $workers[ rand() < 0.7 ? 0 : rand @workers ];
	my $start = -s $node->logfile;
	if ($how eq 'server')
	{
		kill_server(@processes);
	}
	else
	{
		kill 'KILL', $victim->pid;
	}

	# What was answered before the crash is acknowledged too.
	foreach my $worker (@workers)
	{
		next if !$worker->{call};
		my $was_large = $worker == $workers[0];
		my $answered = take_answer($worker);
		$acknowledged++ if $answered;
		$interrupted{$kind}++ if $was_large && !$answered;
	}
	if ($how eq 'server')
	{
		# when the last process has let the shared memory go
		my $started = 0;
		for (1 .. 100)
		{
			sleep 0.1 if kill 0, @processes;
			last if $started = $node->start(fail_ok => 1);
			$node->{_pid} = undef;    # which start() has read from a stale file
		}
		BAIL_OUT('the server does not start') if !$started;
	}
	else
	{
		$node->wait_for_log(qr/all server processes terminated; reinitializing/, $start);
	}
	my $session = connect_when_up();
	my %count = check_effects($session, $round);
	like(slurp_file($node->logfile, $start), qr/database system was not properly shut down/,
		"round $round: the server has recovered");
	diag(sprintf('%s killed in %s: %d acknowledged, of the others %d whole and %d absent',
			$how, $kind, $acknowledged, $count{done} || 0, $count{absent} || 0));

	# A call goes on where the crash was.
	is($session->query(q{SELECT count(*)
		FROM fca.get_by_filters(NULL::public.entries, '{"call": 1}', max_rows => NULL)}),
		$calls[1]{rows}, "round $round: calls work");
	$session->quit;
}
is_deeply(\%errors, {}, 'no call failed otherwise');
cmp_ok(scalar keys %interrupted, '>=', 1,
	'large calls were in the middle: ' . join ', ', map { "$_ $interrupted{$_}" } sort keys %interrupted);

$node->stop;
done_testing();
