# A session that speaks the server's protocol itself: what is sent and what is
# awaited are apart, and it is known when an answer came and whether it came.
package FcaSession;

use strict;
use warnings;

use IO::Socket::UNIX;
use PostgreSQL::Test::Utils;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(time);

sub new
{
	my ($class, $node, $dbname) = @_;
	my $path = $node->host . '/.s.PGSQL.' . $node->port;
	my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path)
	  or die "could not connect to $path: $!";
	my $self = bless { socket => $socket, buffer => '' }, $class;
	my $options = join '', map { "$_\0" } 'user', (getpwuid $>)[0], 'database', $dbname, '';

	syswrite $socket, pack('NN', 8 + length $options, 196608) . $options;
	my $answer = $self->wait;
	die "could not connect: $answer->{state} $answer->{message}"
	  if $answer->{state} ne '00000';
	return $self;
}

# The process that serves this session.
sub pid { return $_[0]{pid}; }

# Sends a statement; more may be sent before the answer to the first is read.
sub send
{
	my ($self, $sql) = @_;
	my $message = 'Q' . pack('N', 5 + length $sql) . "$sql\0";
	my $sent = 0;

	local $SIG{PIPE} = 'IGNORE';
	while ($sent < length $message)
	{
		my $count = syswrite $self->{socket}, $message, length($message) - $sent, $sent;
		last if !defined $count;    # the session is lost: wait() says so
		$sent += $count;
	}
	return;
}

# The next message: its type and contents; nothing where the session is lost.
sub message
{
	my ($self) = @_;
	for (;;)
	{
		if (length $self->{buffer} >= 5)
		{
			my ($type, $length) = unpack 'aN', $self->{buffer};
			if (length $self->{buffer} > $length)
			{
				my $message = substr $self->{buffer}, 0, $length + 1, '';
				return ($type, substr $message, 5);
			}
		}
		my $waiting = '';
		vec($waiting, fileno $self->{socket}, 1) = 1;
		select($waiting, undef, undef, $PostgreSQL::Test::Utils::timeout_default)
		  or die 'the server does not answer';
		return if !sysread $self->{socket}, $self->{buffer}, 1 << 16, length $self->{buffer};
	}
}

# Reads the answer to a statement.  "state" is the SQLSTATE of its error, or
# 00000, or "lost" where the session ended without one; "at" is when that came.
sub wait
{
	my ($self) = @_;
	my %answer = (state => 'lost', message => '', rows => [], notices => [], closed => 0);
	my $failed = 0;

	while (my ($type, $contents) = $self->message)
	{
		if ($type eq 'D')
		{
			my ($count, @values) = unpack 'n', $contents;
			my $place = 2;
			for (1 .. $count)
			{
				my $length = unpack 'l>', substr $contents, $place, 4;
				push @values, $length < 0 ? undef : substr $contents, $place + 4, $length;
				$place += 4 + ($length < 0 ? 0 : $length);
			}
			push @{ $answer{rows} }, \@values;
		}
		elsif ($type eq 'E' || $type eq 'N')
		{
			my %fields = map { (substr($_, 0, 1) => substr $_, 1) } split /\0/, $contents;
			push @{ $answer{notices} }, "$fields{S}: $fields{M}" if $type eq 'N';
			next if $type eq 'N';
			@answer{qw(state message at)} = ($fields{C}, $fields{M}, time);
			$failed = 1;
		}
		elsif ($type eq 'K')
		{
			$self->{pid} = unpack 'N', $contents;
		}
		elsif ($type eq 'R' && unpack('N', $contents) != 0)
		{
			die 'the server wants a password';
		}
		elsif ($type eq 'Z')
		{
			@answer{qw(state at)} = ('00000', time) if !$failed;
			return \%answer;
		}
	}
	$answer{closed} = 1;
	$answer{at} //= time;
	return \%answer;
}

# Runs a statement and gives its answer, whatever it is.
sub try
{
	my ($self, $sql) = @_;
	$self->send($sql);
	return $self->wait;
}

# Runs a statement that must not fail; gives its rows' values.
sub query
{
	my ($self, $sql) = @_;
	my $answer = $self->try($sql);
	die "$answer->{state} $answer->{message}: " . substr($sql, 0, 500)
	  if $answer->{state} ne '00000';
	my @values = map { @$_ } @{ $answer->{rows} };
	return wantarray ? @values : $values[0];
}

# Ends the session and waits for the end of its process.
sub quit
{
	my ($self) = @_;
	local $SIG{PIPE} = 'IGNORE';
	syswrite $self->{socket}, 'X' . pack 'N', 4;
	1 while $self->message;
	close $self->{socket};
	return;
}

1;
