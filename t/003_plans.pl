# A statement is planned once for all calls of its shape; plans that are of no
# more use are freed; and calls leave nothing behind.
#
# FCA_PLAN_CALLS (1000) is the number of calls of each function.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('desk', conf => q{
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = all
pg_stat_statements.track_planning = on
pg_stat_statements.save = off
autovacuum = off
synchronous_commit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');
run_fixture($node, 'postgres', 'desk');
check_calls($node, 'postgres');

my %signatures = signatures($node, 'postgres', 'true');

# The fixture's rows, many times over: so that writes have something to change.
$node->safe_psql('postgres', q{
	INSERT INTO fca.messages (conversation_id, role, content)
	SELECT 1, 'system', 'm' FROM generate_series(1, 1000);
	ANALYZE fca.messages;
});

# A finder's call with another page for each number, first and later ones.
sub paged_call
{
	my ($name, $i, $later) = @_;
	my @paging;
	foreach my $argument (@{ $signatures{$name} })
	{
		# of one size: a kept plan is for up to 10, 100 or 1,000 rows
		push @paging, 'max_rows => ' . (101 + $i % 900)
		  if $argument eq 'max_rows';
		next if !$later;
		push @paging, "after_id => $i" if $argument eq 'after_id';
		push @paging, "after_name => 'n$i'" if $argument eq 'after_name';
		push @paging,
		  "$argument => timestamptz '2026-01-01Z' + $i * interval '1 hour'"
		  if $argument =~ /^after_.*_at$/;
	}
	return finder_call($name, $i, @paging);
}

#
# No plan is made twice.
#

my $times = $ENV{FCA_PLAN_CALLS} || 1000;
my %calls;
foreach my $name (finder_names)
{
	$calls{$name} = [ map { paged_call($name, $_, 0) } 1 .. $times ];
	$calls{"$name, later page"} = [ map { paged_call($name, $_, 1) } 1 .. $times ]
	  if grep { /^after_/ } @{ $signatures{$name} };
}
# An estimate is planned for its values, and not executed.
foreach my $name (grep { $_ ne 'count_estimate' } read_names)
{
	$calls{$name} = [ map { read_call($name, $_) } 1 .. $times ];
}
foreach my $name (grep { $_ ne 'create_tables' } write_names)
{
	$calls{$name} = [ map { write_call($name, $_) } 1 .. $times ];
}
foreach my $name (stream_names)
{
	$calls{$name} = [ map { stream_call($name, $_) } 1 .. $times ];
}

# Checks of foreign keys are the server's own.
my $own = q{NOT toplevel AND query !~ '^SELECT 1 FROM ONLY' AND query !~ 'pg_stat_statements'};
my $script = '';
foreach my $name (sort keys %calls)
{
	$script .= "SELECT pg_stat_statements_reset() \\g /dev/null\n";
	$script .= "\\o /dev/null\n" . join(";\n", @{ $calls{$name} }) . ";\n\\o\n";
	$script .= qq{SELECT '$name', sum(calls), max(plans) FROM pg_stat_statements WHERE $own;\n};
}
my %counted;
foreach my $line (split /\n/, $node->safe_psql('postgres', $script))
{
	my ($name, $count, $plans) = split /\|/, $line;
	$counted{$name} = [ $count, $plans ];
}
foreach my $name (sort keys %calls)
{
	my ($count, $plans) = @{ $counted{$name} || [] };
	# a cursor's statement is executed by FETCH, and not by the call
	is($count, $times, "$name: as many statements as calls")
	  if !grep { $_ eq $name } stream_names;
	cmp_ok(length($plans // '') ? $plans : $times, '<=', 1, "$name: planned once");
}

#
# Plans that are evicted or no longer valid are freed.
#

my $memory = 'SELECT sum(used_bytes) FROM pg_backend_memory_contexts';
my $plans = q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource'};
my $columns = join ', ', map { "c$_ int" } 1 .. 13;

$node->safe_psql('postgres', "CREATE TABLE public.wide (id int PRIMARY KEY, $columns)");

# The call for one of 8,191 sets of columns.
sub subset_call
{
	my ($n) = @_;
	my $set = 1 + $n * 3851 % 8191;
	my $filters = join ', ', map { "\"c$_\": $n" } grep { $set & 1 << $_ - 1 } 1 .. 13;
	return "SELECT * FROM fca.get_by_filters(NULL::public.wide, '{$filters}');\n";
}

$script = "SET pg_stat_statements.track = none;\n$plans;\n";
foreach my $round (0 .. 3)
{
	$script .= join '', map { subset_call($_) } $round * 1000 .. $round * 1000 + 999;
	$script .= "$plans;\n$memory;\n";
}
my ($before, @seen) = split /\n/, $node->safe_psql('postgres', $script);
my @kept = @seen[ 0, 2, 4, 6 ];
my @bytes = @seen[ 1, 3, 5, 7 ];
# However large they are, and they are larger where the server checks memory.
cmp_ok($_ - $before, '>=', 32, "plans are kept: $_") for $kept[0];
cmp_ok($_ - $before, '<=', 100, "kept plans are bounded: $_") for @kept;
my $taken = $node->safe_psql('postgres', join('', map { subset_call($_) } 1 .. 500) . q{
	SELECT sum(total_bytes) FROM pg_backend_memory_contexts
	WHERE name LIKE 'CachedPlan%' OR name = 'SPI Plan'});
cmp_ok($taken, '<=', 2 * 1024 * 1024, "the memory of kept plans is bounded: $taken");
cmp_ok($bytes[3], '<', $bytes[0] * 1.1 + 100_000,
	"memory after 4,000 shapes is that after 1,000: @bytes");
cmp_ok($bytes[3], '<', 32 * 1024 * 1024, "which is bounded: $bytes[3]");

# Each change of the table, and then of the row type, makes the plan anew.
foreach my $change (
	'ALTER TABLE public.wide SET (fillfactor = %d)',
	'ALTER TABLE public.wide ALTER COLUMN c1 TYPE varchar(%d)')
{
	my $round = sub {
		return join '', map {
			sprintf("$change;\n", 10 + $_ % 80)
			  . "SELECT * FROM fca.get_by_filters(NULL::public.wide, '{\"c1\": 1}');\n"
			  . "SELECT * FROM fca.find_one(NULL::public.wide, '{\"c1\": 1}');\n"
		} 1 .. 200;
	};
	my ($first, $kept_first, $count, $last, $kept_last) = split /\n/, $node->safe_psql(
		'postgres',
		$round->()
		  . "$memory;\n$plans;\nSELECT pg_stat_statements_reset() \\g /dev/null\n"
		  . $round->()
		  . "SELECT sum(plans) FROM pg_stat_statements WHERE $own;\n$memory;\n$plans;\n");
	cmp_ok($count, '>=', 400, "$change: plans are made anew");
	is($kept_last, $kept_first, "$change: invalid plans are freed");
	cmp_ok($last - $first, '<', 100_000, "$change: memory stays");
}

#
# Calls leave nothing behind: many statements, and many calls in one.
#

my %writes = map { $_ => 1 } grep { $_ ne 'create_tables' } write_names;
my @mix = sort keys %calls;

sub mixed_calls
{
	my ($count) = @_;
	my $sql = '';
	for my $i (1 .. $count)
	{
		my $name = $mix[ $i % @mix ];
		$sql .= exists $writes{$name}
		  ? "BEGIN;\n" . write_call($name, 1000 + $i) . ";\nROLLBACK;\n"
		  : $calls{$name}->[ $i / @mix % $times ] . ";\n";
	}
	return $sql;
}

my ($warm, $end) = split /\n/, $node->safe_psql('postgres',
	"SET pg_stat_statements.track = none;\n\\o /dev/null\n"
	  . mixed_calls(2000)
	  . "\\o\n$memory;\n\\o /dev/null\n"
	  . mixed_calls(20_000)
	  . "\\o\n$memory;\n");
cmp_ok($end - $warm, '<', 100_000,
	"20,000 statements leave no memory behind: " . ($end - $warm));

$node->safe_psql('postgres', q{
	CREATE FUNCTION memory() RETURNS bigint LANGUAGE plpgsql AS
	'BEGIN RETURN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts); END';
});
foreach my $name (finder_names, read_names)
{
	my $sql = (grep { $_ eq $name } finder_names)
	  ? finder_call($name, '(1 + n % 8)') : read_call($name, '(1 + n % 8)');
	my $growth = $node->safe_psql('postgres', qq{
		SET pg_stat_statements.track = none;
		SELECT max(bytes) FILTER (WHERE n = 1500) - max(bytes) FILTER (WHERE n = 500)
		FROM (SELECT n, CASE WHEN n IN (400, 500, 1500) THEN memory() END AS bytes
			FROM generate_series(1, 1500) AS n
			CROSS JOIN LATERAL (SELECT count(*) FROM ($sql) AS f OFFSET 0) AS f) AS m});
	cmp_ok($growth, '<', 20_000, "$name: 1,000 calls in a statement leave no memory behind: $growth");
}

$node->stop;
done_testing();
