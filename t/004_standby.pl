# On a hot standby every read works and every write is refused with 25006; after
# its promotion the writes work, in sessions from before too.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use FcaRepo;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_node('primary', init => { allows_streaming => 1 });
$primary->start;
run_fixture($primary, 'postgres', 'desk');
$primary->safe_psql('postgres', q{
	CREATE TABLE public.notes (id int PRIMARY KEY, body text);
	INSERT INTO public.notes VALUES (1, 'a');
});
check_calls($primary, 'postgres');

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'a standby');

# Reads give the same there.
my %reads = (
	(map { ($_ => finder_call($_, 1)) } finder_names),
	(map { ($_ => read_call($_, 1)) } read_names),
	(map { ($_ => in_block(stream_call($_, 1))) } stream_names));
my %is_finder = map { $_ => 1 } finder_names;
foreach my $name (sort keys %reads)
{
	my $rows = $primary->safe_psql('postgres', $reads{$name});
	isnt($rows, '', "$name finds something") if !$is_finder{$name} || gives_rows($primary, 'postgres', $name);
	is($standby->safe_psql('postgres', $reads{$name}), $rows, "$name on the standby");
}

# What is written is read there.
$primary->safe_psql('postgres', q{
	SELECT fca.update(NULL::fca.customer, 1, '{"email": "new@example.com"}')});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', q{SELECT id FROM fca.find_by_email('new@example.com')}),
	'1', 'a change of the primary');

# Writes, of a resource and of any table; those that would change nothing too.
my %writes = (
	(map { ($_ => write_call($_, 1)) } write_names),
	'create, any table' => q{SELECT fca.create(NULL::public.notes, '{"id": 2}')},
	'update, any table' => q{SELECT fca.update(NULL::public.notes, 1, '{"body": "b"}')},
	'delete, any table' => q{SELECT fca.delete(NULL::public.notes, 1)},
	'update of no row' => q{SELECT fca.update(NULL::public.notes, 99, '{"body": "b"}')},
	'delete of no row' => q{SELECT fca.delete(NULL::public.notes, 99)});
foreach my $name (sort keys %writes)
{
	is(sqlstate($standby, 'postgres', $writes{$name}),
		'25006', "$name is refused on the standby");
	is( sqlstate(
			$primary, 'postgres', "BEGIN READ ONLY; $writes{$name}; COMMIT"),
		'25006',
		"$name is refused in a read-only transaction");
}

# Sessions from before the promotion: one has tried to write, one only read, and
# one has done nothing.
my @sessions = map {
	my $session = $standby->background_psql('postgres', on_error_stop => 0);
	$session->query($_);
	$session->{stderr} = '';
	$session;
} ($writes{create}, $reads{find_by_email}, 'SELECT 1');

# What a session gives, or its SQLSTATE.
sub in_session
{
	my ($session, $sql) = @_;
	my ($output) = $session->query("\\set VERBOSITY sqlstate\n$sql;");
	my $error = $session->{stderr};
	$session->{stderr} = '';
	return $error =~ /(?:ERROR|FATAL):\s+(\w{5})/ ? $1 : $output;
}

# One has made every read and tried every write, and one is in a transaction, with
# a cursor half read.
my ($warm, $within) = map { $standby->background_psql('postgres', on_error_stop => 0) } 1 .. 2;
my @plain_reads = grep { $reads{$_} !~ /fca\.open_/ } sort keys %reads;
my %before = map { ($_ => in_session($warm, $reads{$_})) } @plain_reads;
is(in_session($warm, $writes{$_}), '25006', "$_ is refused, in a session that goes on") for sort keys %writes;
in_session($within, 'BEGIN');
in_session($within, q{SELECT fca.open_cursor(NULL::fca.customer, '{}', 'id', 'half')});
like(in_session($within, 'FETCH 4 FROM half'), qr/^1\|.*\n2\|.*\n3\|.*\n4\|[^\n]*$/,
	'a cursor on the standby');

$standby->promote;
is(in_session($warm, $reads{$_}), $before{$_}, "$_ in a session that has made every read") for @plain_reads;
like(in_session($within, 'FETCH ALL FROM half'), qr/^5\|.*\n8\|[^\n]*$/s, 'its cursor goes on');
is(in_session($within, $writes{'update, any table'}), '25006', 'a transaction from before stays read-only');
is(in_session($within, 'ROLLBACK; ' . $writes{'update, any table'}), '(1,b)', 'the next one can write');
in_session($within, q{SELECT fca.update(NULL::public.notes, 1, '{"body": "a"}')});
is(in_session($warm, "BEGIN; $writes{$_}; ROLLBACK") =~ /^\w{5}$/ ? 'error' : 'written', 'written',
	"$_ in a session that was refused")
  for sort keys %writes;
$_->quit for $warm, $within;
foreach my $n (0 .. $#sessions)
{
	my $i = 100 + $n;
	my ($output) = $sessions[$n]->query(write_call('create', $i));
	is($sessions[$n]->{stderr}, '', "session $n from before the promotion can write");
	like($output, qr/\|N-$i\|/, "session $n gets the new row");
	$sessions[$n]->{stderr} = '';
	$sessions[$n]->quit;
}
foreach my $name (sort keys %writes)
{
	is(sqlstate($standby, 'postgres', $writes{$name}),
		'00000', "$name works after the promotion");
}
foreach my $name (sort keys %reads)
{
	is(sqlstate($standby, 'postgres', $reads{$name}),
		'00000', "$name works after the promotion");
}

$standby->stop;
$primary->stop;
done_testing();
