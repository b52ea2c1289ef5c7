# Every finder reads by index and sorts nothing, at any size and depth.  The
# plans looked at are those that the finders run, as auto_explain logs them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my (%is_batch, %is_trigram);
my $node = new_node('desk', conf => q{
autovacuum = off
shared_buffers = 256MB
max_wal_size = 8GB
synchronous_commit = off
full_page_writes = off
});
$node->start;

# Rows in which the first few accounts, customers and conversations have
# thousands; times have ties.
sub load_desk
{
	$node->safe_psql('postgres', q{
		CREATE EXTENSION fca_repo;
		SELECT fca.create_tables();
	});
	# a logged table may not refer to one that is not
	my @relations = map { "fca.$_" } relations($node, 'postgres');
	$node->safe_psql('postgres', join ';', map { "ALTER TABLE $_ SET UNLOGGED" } reverse @relations);
	$node->safe_psql('postgres', q{
		-- checks no foreign key: they are true
		SET session_replication_role = replica;

		INSERT INTO fca.customers (customer_id, email, first_name, last_name, is_active, is_vip, created_at)
		SELECT 'CUST-' || lpad(i::text, 6, '0'), 'c' || i || '@example.com',
			CASE WHEN i % 20011 = 0 THEN 'Anna' ELSE 'F' || md5(i::text) END,
			CASE WHEN i % 20011 = 1 THEN 'Smith' ELSE 'L' || md5((-i)::text) END,
			i % 33 <> 0, i % 50 = 0, '2026-01-01Z'::timestamptz + i / 3 * interval '1 s'
		FROM generate_series(1, 200000) AS i;

		INSERT INTO fca.products (name, type, is_active)
		SELECT 'P' || i / 3, (ARRAY['current', 'savings', 'loan'])[1 + i % 3], i % 9 <> 0
		FROM generate_series(1, 50000) AS i;

		INSERT INTO fca.accounts (account_number, customer_id, product_id, status, created_at)
		SELECT 'ACC-' || i, CASE WHEN i % 10 = 0 THEN 1 + i / 10 % 5 ELSE 1 + i::bigint * 7919 % 200000 END,
			1 + i % 50000, (ARRAY['active', 'active', 'active', 'frozen', 'closed'])[1 + i / 7 % 5],
			'2026-01-01Z'::timestamptz + i / 3 * interval '1 s'
		FROM generate_series(1, 200000) AS i;

		INSERT INTO fca.transactions (account_id, reference, amount, description, category, occurred_at)
		SELECT CASE WHEN i % 10 = 0 THEN 1 + i / 10 % 5 ELSE 1 + i::bigint * 7919 % 200000 END,
			'TX-' || i, i, 'd', (ARRAY['food', 'rent', NULL])[1 + i / 50 % 3],
			'2026-03-01Z'::timestamptz + i / 3 * interval '1 s'
		FROM generate_series(1, 1000000) AS i;

		INSERT INTO fca.conversations (customer_id, status, escalation_id, assigned_group, updated_at)
		SELECT CASE WHEN i % 10 = 0 THEN 1 + i / 10 % 5 ELSE 1 + i::bigint * 7919 % 200000 END, status,
			CASE WHEN status = 'escalated' THEN 'ESC-' || i END,
			CASE WHEN status = 'escalated' THEN (ARRAY['fraud', 'loans'])[1 + i / 8 % 2] END,
			'2026-03-01Z'::timestamptz + i / 3 * interval '1 s'
		FROM generate_series(1, 300000) AS i,
			LATERAL (SELECT CASE WHEN i % 20 = 1 THEN 'escalated'
				ELSE (ARRAY['active', 'resolved', 'closed'])[1 + i % 3] END AS status) AS s;

		INSERT INTO fca.messages (conversation_id, role, content, requires_human, created_at)
		SELECT CASE WHEN i % 10 = 0 THEN 1 + i / 10 % 5 ELSE 1 + i::bigint * 7919 % 300000 END,
			'customer', 'm', i % 100 = 0, '2026-03-01Z'::timestamptz + i / 3 * interval '1 s'
		FROM generate_series(1, 1000000) AS i;

		INSERT INTO fca.faqs (question, answer, category, keywords, is_active)
		SELECT md5(i::text)
				|| CASE WHEN i % 9973 = 0 THEN ' card' WHEN i % 9973 = 1 THEN ' pin' ELSE '' END, 'a',
			CASE WHEN i % 10007 = 0 THEN 'rare' WHEN i % 3 = 0 THEN (ARRAY['cards', 'other'])[1 + i % 2]
				ELSE 'c' || i % 20 END,
			CASE WHEN i % 9973 = 2 THEN 'lost,card' WHEN i % 9973 = 3 THEN '100%' END, i % 7 <> 0
		FROM generate_series(1, 100000) AS i;
	});
	$node->safe_psql('postgres', 'VACUUM ANALYZE ' . join(', ', @relations));
}

# Tables that somebody has elsewhere, with int ids and an enum: the relations of
# the finders are views.
sub load_elsewhere
{
	$node->safe_psql('elsewhere', q{
		CREATE EXTENSION fca_repo;
		CREATE SCHEMA desk;
		CREATE TYPE desk.state AS ENUM ('active', 'resolved', 'escalated', 'closed');
		CREATE UNLOGGED TABLE desk.talks (
			id int PRIMARY KEY, customer int, title varchar(80), state desk.state,
			ticket_ref varchar(20) UNIQUE, team varchar(20), created_at timestamptz, changed timestamptz);
		INSERT INTO desk.talks
		SELECT i, CASE WHEN i % 10 = 0 THEN 1 + i / 10 % 5 ELSE 1 + i::bigint * 7919 % 200000 END, 't',
			CASE WHEN i % 20 = 1 THEN 'escalated'
				ELSE (ARRAY['active', 'resolved', 'closed'])[1 + i % 3] END::desk.state,
			CASE WHEN i % 20 = 1 THEN 'ESC-' || i END,
			CASE WHEN i % 20 = 1 THEN (ARRAY['fraud', 'loans'])[1 + i / 20 % 2] END,
			'2026-03-01Z', '2026-03-01Z'::timestamptz + i / 3 * interval '1 s'
		FROM generate_series(1, 300000) AS i;
		CREATE INDEX talks_customer ON desk.talks (customer, changed, id);
		CREATE INDEX talks_state ON desk.talks (state, changed, id);
		CREATE INDEX talks_team ON desk.talks (team, changed, id) WHERE state = 'escalated';
		VACUUM ANALYZE desk.talks;

		CREATE VIEW fca.conversations AS
		SELECT id, customer AS customer_id, title, state AS status, 'web' AS channel, NULL::text AS summary,
			NULL::text AS intent, NULL::text AS sentiment, 0 AS message_count, ticket_ref AS escalation_id,
			NULL::text AS escalation_reason, NULL::text AS priority, team AS assigned_group,
			created_at, changed AS updated_at
		FROM desk.talks;
	});
}

# The arguments that take a page of the given size from behind a position thousands
# of rows deep, and how deep that is.
sub deep_page
{
	my ($dbname, $name, $i, $after) = @_;
	my $call = finder_call($name, $i, 'max_rows => 4000');
	my $values = join ', ', map { "quote_literal($_)" } map { s/^after_//r } @$after;
	my ($depth, @values) = split /\|/, $node->safe_psql($dbname, qq{
		SELECT n, $values
		FROM (SELECT *, row_number() OVER () AS n, count(*) OVER () AS rows
			FROM ($call) AS f) AS f
		WHERE n = rows - 100});
	return ($depth || 0, map { "$after->[$_] => $values[$_]" } 0 .. $#$after);
}

# Runs calls in one session and gives, for each, the plans of the statements
# within it.
sub plans
{
	my ($dbname, @calls) = @_;
	my $script = q{
		SET client_min_messages = log;
		LOAD 'auto_explain';
		SET auto_explain.log_min_duration = 0;
		SET auto_explain.log_nested_statements = on;
		SET auto_explain.log_analyze = on;
		SET auto_explain.log_buffers = on;
		SET auto_explain.log_timing = off;
		SET auto_explain.log_format = json;
	};
	$script .= "\\warn == $_\n/* call */ $calls[$_];\n" for 0 .. $#calls;
	my ($stdout, $stderr);
	$node->psql($dbname, $script, stdout => \$stdout, stderr => \$stderr,
		on_error_die => 1);

	my @plans = map { [] } @calls;
	my (undef, @parts) = split /^== (\d+)\n/m, $stderr;
	while (my ($n, $part) = splice @parts, 0, 2)
	{
		while ($part =~ /plan:\n(\{\n.*?^\})/msg)
		{
			my $logged = decode_json($1);
			push @{ $plans[$n] }, $logged->{Plan}
			  if $logged->{'Query Text'} !~ m{^/\* call};
		}
	}
	return @plans;
}

# A plan's nodes, outer ones first.
sub nodes
{
	my ($plan) = @_;
	return ($plan, map { nodes($_) } @{ $plan->{Plans} || [] });
}

# The pages that a plan touched.
sub buffers
{
	my ($plan) = @_;
	return $plan->{'Shared Hit Blocks'} + $plan->{'Shared Read Blocks'};
}

# Does it look for a text within others?
sub is_search { return $_[0] =~ /^search_/; }

# What is wrong with the plan of a finder.
sub faults
{
	my ($name, $plan) = @_;
	my @nodes = nodes($plan);
	my @faults = map { "$_->{'Node Type'} on " . ($_->{'Relation Name'} || '?') }
	  grep { $_->{'Node Type'} =~ /Seq Scan|Materialize|Hash|Gather/ } @nodes;
	my @scans = grep { $_->{'Index Name'} } @nodes;
	my @sorts = grep { $_->{'Node Type'} =~ /Sort/ } @nodes;

	push @faults, 'no index' if !@scans;
	if (is_search($name))
	{
		push @faults, "$_->{'Node Type'} of $_->{'Index Name'}"
		  for grep {
			$_->{'Node Type'} ne 'Bitmap Index Scan'
			  || !$is_trigram{ $_->{'Index Name'} }
		  } @scans;
		return @faults;
	}

	# The newest rows are turned round, after they were limited.
	if (!finder_place($name, 1) && @sorts)
	{
		my ($first) = grep { $_->{'Node Type'} ne 'Subquery Scan' }
		  nodes($sorts[0]->{Plans}->[0]);
		shift @sorts if $first->{'Node Type'} eq 'Limit';
	}

	# Many keys are given in their order: one sort, around all.
	shift @sorts if $is_batch{$name} && @sorts && $sorts[0] == $nodes[0];
	push @faults, map { $_->{'Node Type'} } @sorts;
	push @faults, map { "$_->{'Node Type'} of $_->{'Index Name'}" }
	  grep { $_->{'Node Type'} !~ /^Index (Only )?Scan$/ } @scans;

	# An index of another finder would do as a place to filter rows.
	push @faults, map { "filter $_->{Filter}" }
	  grep { $_->{'Rows Removed by Filter'} } @nodes;
	return @faults;
}

# Every page of these finders, by the catalog's word on their arguments.
sub check_finders
{
	my ($dbname, @names) = @_;
	my %signatures = signatures($node, $dbname, 'true');
	my @checks;

	foreach my $name (@names)
	{
		my $limited = grep { $_ eq 'max_rows' } @{ $signatures{$name} };
		my @after = grep { /^after_/ } @{ $signatures{$name} };
		foreach my $i (1, 2, is_search($name) ? (3, 4) : ())
		{
			push @checks, [ $name, "default $i", finder_call($name, $i) ];
			next if !$limited;
			push @checks,
			  [ $name, "first page $i", finder_call($name, $i, 'max_rows => 40') ];
			next if !@after;
			my ($depth, @page) = deep_page($dbname, $name, $i, \@after);
			cmp_ok($depth, '>', 1000, "$dbname: $name has pages")
			  if $i == 1 && has_samples($name);
			next if $depth == 0;
			push @checks,
			  [ $name, "later page $i", finder_call($name, $i, 'max_rows => 40', @page) ],
			  [ $name, "default later page $i", finder_call($name, $i, @page) ];
		}
	}

	my @plans = plans($dbname, map { $_->[2] } @checks);
	my %cost;
	for my $n (0 .. $#checks)
	{
		my ($name, $what, $call) = @{ $checks[$n] };
		my @found = @{ $plans[$n] };
		my @faults = @found == 1 ? faults($name, $found[0]) : @found . ' plans';

		is(join('; ', @faults), '', "$dbname: $name, $what")
		  or diag($call, "\n", JSON::PP->new->pretty->canonical->encode(\@found));
		$cost{$name}{$what} = buffers($found[0]) if @found;
	}

	# A page is as many pages of the table as of the index: behind thousands of
	# rows it costs what it costs before them.
	foreach my $name (grep { $cost{$_}{'later page 1'} } @names)
	{
		cmp_ok(
			$cost{$name}{'later page 1'}, '<=',
			$cost{$name}{'first page 1'} + 15,
			"$dbname: $name costs the same at any depth");
	}
}

load_desk();
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
load_elsewhere();

check_calls($node, 'postgres');
%is_batch = signatures($node, 'postgres',
	q{p.proargtypes[0] = ANY ('{text[],bigint[]}'::regtype[])});
%is_trigram = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q{
	SELECT c.relname FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam
	WHERE a.amname = 'gin' AND c.relnamespace = 'fca'::regnamespace});
cmp_ok(scalar keys %is_batch, '>', 5, 'finders of many keys');
# A search reads by its index where few rows have the text: of another nothing is known.
check_finders('postgres', grep { !is_search($_) || has_samples($_) }
	  grep { has_rows($node, 'postgres', $_) } finder_names);

# A text without a trigram would read the whole of a trigram index: the table is
# read instead, by as many workers as it is worth.
my @short = ("search_by_keyword('ca')", "search_by_keyword('%')", "search_by_name('ab')",
	"search_by_name('a b')");
my @short_plans = plans('postgres', map { "SELECT * FROM fca.$_" } @short);
foreach my $n (0 .. $#short)
{
	my $scans = join ', ', map { $_->{'Node Type'} }
		grep { $_->{'Relation Name'} } nodes($short_plans[$n][0]);
	is($scans, $short[$n] =~ /a b/ ? 'Bitmap Heap Scan' : 'Seq Scan', $short[$n]);
}
check_finders('elsewhere', qw(find_by_status find_by_customer find_escalated
	  find_escalated_by_group find_by_ticket_id));

$node->stop;
done_testing();
