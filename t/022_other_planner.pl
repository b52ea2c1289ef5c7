# Calls beside a planner of somebody else, as one of distributed tables is, which has seen the statement
# before a call in it is replaced by its query: t/other_planner is a planner_hook that plans the relations
# which are its own, and refuses a statement that comes to read one without having named it.  A call over such
# a relation must stay one, and give the same rows; all others are still replaced.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use File::Copy;
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

#
# The module
#

my ($compiler) = run_command([ 'pg_config', '--cc' ]);
($compiler) = split ' ', $compiler;
if (system("{ command -v '$compiler' && command -v make; } >/dev/null") != 0 && !$ENV{CI})
{
	plan(skip_all => "no $compiler or no make");
}
my $build = PostgreSQL::Test::Utils::tempdir_short();
copy("$FindBin::RealBin/other_planner/other_planner.c", $build) or die "$build: $!";
append_to_file("$build/Makefile", <<'MAKEFILE');
MODULES = other_planner
PGXS := $(shell pg_config --pgxs)
include $(PGXS)
MAKEFILE
{
	# That of the suite's own make is about another module.
	delete local @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES)};
	command_ok([ 'make', '-s', '-C', $build, 'with_llvm=no' ], 'build the module');
}

my $node = new_node('other_planner');
$node->start;
run_fixture($node, 'postgres', 'desk');
$node->safe_psql('postgres', q{
	CREATE FUNCTION test.of(text) RETURNS SETOF fca.customers LANGUAGE sql STABLE AS
		'SELECT * FROM fca.customers WHERE email = $1';
	CREATE TABLE test.keys AS
	SELECT i AS id, i::bigint AS n, ARRAY[i, 1]::bigint[] AS numbers, 'c' || i || '@example.com' AS email,
		ARRAY['c' || i || '@example.com'] AS emails, 'ESC-' || i AS ticket, 'ACC-' || i AS number
	FROM generate_series(1, 5) AS i;
	ANALYZE});

my @load = ("LOAD '$build/other_planner'");
my $owned = q{SET other_planner.owns = 'customers,conversations'};

# What statements give in a session of their own, and its errors.
sub run
{
	my ($status, $stdout, $stderr) = $node->psql('postgres', join ";\n", @_, '');
	return ($stdout, $stderr);
}

# It does what such a planner does.
my ($shown, $errors) = run(@load, $owned, 'EXPLAIN (COSTS off) SELECT id FROM fca.customers',
	'SELECT count(*) FROM fca.customers JOIN fca.conversations AS v ON v.customer_id = customers.id');
like($shown, qr/^Custom Scan \(other_planner\)/, 'it plans a relation of its own');
is("$errors", '', 'without an error');
is((split /\n/, $shown)[-1], $node->safe_psql('postgres', 'SELECT count(*) FROM fca.conversations'),
	'whose rows are passed on');
is(sqlstate($node, 'postgres', join ';', @load, $owned, q{SELECT * FROM test.of('c1@example.com')}), '0A000',
	'it refuses one that it learns of later');

#
# Calls
#

my $email = q{('c1@example.com')};
# [ types of parameters, query, arguments ]
my %of_own = (
	find_by_email => [ 'text', 'SELECT f FROM fca.find_by_email($1) AS f', $email ],
	find_by_emails => [ 'text[]', 'SELECT f FROM fca.find_by_emails($1) AS f',
		q{('{c2@example.com,c1@example.com,nobody}')} ],
	find_vip_customers => [ 'bigint', 'SELECT f FROM fca.find_vip_customers($1) AS f', '(3)' ],
	find_by_customer => [ 'bigint, bigint', 'SELECT f FROM fca.find_by_customer($1, $2) AS f', '(1, 4)' ],
	find_by_ticket_id => [ 'text', 'SELECT f FROM fca.find_by_ticket_id($1) AS f', q{('ESC-3')} ],
	find_by_customers => [ 'bigint[]', 'SELECT f FROM fca.find_by_customers($1, 2) AS f', q{('{2,1,2}')} ],
	'find_escalated page' => [ 'timestamptz, bigint',
		'SELECT f FROM fca.find_escalated(5, $1, $2) AS f', q{('2026-04-01Z', 1)} ],
	get_by_id => [ 'bigint', 'SELECT f FROM fca.get_by_id(NULL::fca.customer, $1) AS f', '(2)' ],
	get_many => [ 'bigint[]', 'SELECT f FROM fca.get_many(NULL::fca.customer, $1) AS f', q{('{3,1,NULL}')} ],
	get_children => [ 'bigint[]',
		q{SELECT f FROM fca.get_children(NULL::fca.conversation, 'customer_id', $1, 2) AS f}, q{('{2,1}')} ],
	map({ ("$_->[0] joined" => [ '', 'SELECT k.id, f.id, f FROM test.keys AS k,'
				. " LATERAL fca.$_->[0]($_->[1]) AS f ORDER BY 1, 2", '' ]) }
		[ find_by_email => 'k.email' ], [ find_by_emails => 'k.emails' ], [ find_by_customer => 'k.n, 2' ],
		[ find_by_ticket_id => 'k.ticket' ], [ find_by_customers => 'k.numbers' ],
		[ find_escalated => 'k.n' ], [ get_by_id => 'NULL::fca.customer, k.n' ],
		[ get_many => 'NULL::fca.customer, k.numbers' ],
		[ get_children => q{NULL::fca.conversation, 'customer_id', k.numbers} ],
		[ get_page => q{NULL::fca.conversation, '{"status": "escalated"}', max_rows => 3} ],
		[ get_by_filters => q{NULL::fca.customer, '{"is_vip": true}'} ]),
);
my %of_others = (
	find_by_account_number => [ 'text', 'SELECT f FROM fca.find_by_account_number($1) AS f', q{('ACC-2')} ],
	list_by_customer => [ 'bigint', 'SELECT f FROM fca.list_by_customer($1) AS f', '(2)' ],
	'list_by_customer beside' => [ 'bigint', 'SELECT c.id, f.id FROM fca.list_by_customer($1) AS f'
		. ' JOIN test.keys AS c ON c.n = f.customer_id ORDER BY 2', '(2)' ],
	'find_by_account_number joined' => [ '', 'SELECT k.id, f FROM test.keys AS k,'
		. ' LATERAL fca.find_by_account_number(k.number) AS f ORDER BY 1', '' ],
);

# For each of the statements, executed 8 times: its rows, and whether the plan then has the call.
sub executed
{
	my ($statements, @settings) = @_;
	my %got;
	foreach my $name (sort keys %$statements)
	{
		my ($types, $sql, $arguments) = @{ $statements->{$name} };
		my ($stdout, $stderr) = run(@settings, 'PREPARE p' . ($types && "($types)") . " AS $sql",
			("EXECUTE p$arguments") x 8, q{SELECT '= plan'}, "EXPLAIN (COSTS off) EXECUTE p$arguments");
		my ($rows, $plan) = split /^= plan\n/m, $stdout;
		my ($function) = $name =~ /^(\w+)/;
		$got{$name} = { rows => $rows . $stderr, call => $plan =~ /Function Scan on $function\b/ ? 1 : 0 };
	}
	return \%got;
}

sub calls { my ($got) = @_; return { map { $_ => $got->{$_}->{call} } keys %$got }; }
sub rows { my ($got) = @_; return { map { $_ => $got->{$_}->{rows} } keys %$got }; }

my %all = (%of_own, %of_others);
foreach my $mode (qw(auto force_generic_plan))
{
	my $set = "SET plan_cache_mode = $mode";
	my $without = executed(\%all, $set);
	is_deeply([ grep { $without->{$_}->{rows} !~ /^\d|^\(/ } sort keys %all ], [], "$mode: each gives rows");
	is_deeply(calls($without), { map { ($_ => 0) } keys %all }, 'and no call is left');

	my $idle = executed(\%all, $set, @load);
	is_deeply(rows($idle), rows($without), 'a planner that owns nothing: the same rows');
	is_deeply(calls($idle), calls($without), 'and no call is left');

	my $with = executed(\%all, $set, @load, $owned);
	is_deeply(rows($with), rows($without), 'one that has relations of its own: the same rows');
	is_deeply(calls($with), { (map { ($_ => 1) } keys %of_own), map { ($_ => 0) } keys %of_others },
		'and only calls over those are left');
}

$node->stop;
unlike(slurp_file($node->logfile), qr/was terminated by|PANIC|XX000|TRAP/, 'no crash');
done_testing();
