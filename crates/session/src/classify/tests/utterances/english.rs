/// Whole turns of callers.
pub(super) const WHOLE: &str = "
    I'd like to book a table for two
    hi I'm calling about my appointment on Thursday
    can I speak to someone in billing
    yeah that works for me
    do you have anything earlier
    what time do you close today
    I need to cancel my reservation
    could you repeat that please
    my name is Sarah Connor
    I think I'll take the blue one
    how much does it cost
    no thank you
    that's all for today
    can you send me a confirmation email
    I'm not sure about that
    it's for my daughter
    where are you located
    is there parking nearby
    I was charged twice last month
    the package never arrived
    yes I have an account with you
    I forgot my password
    let's do Friday at three
    that sounds great
    do you take walk ins
    I'd prefer the morning
    what do you recommend
    can I get that delivered
    I don't have my card with me
    it's about the invoice you sent
    I want to return a pair of shoes
    how long is the wait
    the internet has been down since yesterday
    can you tell me when it will arrive
    I moved last week
    we are a party of six
    is the doctor in today
    my car won't start
    I need a refill on my prescription
    can we do that on Monday instead
    who am I speaking with
    what is it for
    I hope so
    I think so
    yes please go ahead
    sure why not
    could I have the number again
    that's not what I ordered
    it was delivered to the wrong address
    I'd like to change my flight
    does it come with a warranty
    how do I log in
    I can't log in
    I live near the station
    it's on the second floor
    do I need to bring anything
    just the two of us
    as soon as possible
    what's the earliest you have
    next Wednesday if you can
    I'll call back later
    nothing else thanks
    okay thank you very much
    can somebody call me back
    I've been waiting for an hour
    the red light keeps blinking
    I already tried that
    no it's still the same
    it says error forty two
    we talked last Tuesday
    my wife made the booking
    I'm allergic to nuts
    do you speak Spanish
    could you spell it for me
    is it too late to order
    I want the large one as well
    I didn't get a receipt
    that would be perfect
    how are you today
    I need it by tomorrow
    it doesn't matter
    yeah exactly
    can I pay in cash
    is breakfast included
    I lost my keys
    we'd like a room with a view
    where should I park
    what documents do I need to bring
    I don't think we do
    I have a question about my bill
    can I add another person
    she is seven years old
    the heating isn't working
    yes that's correct
    no I meant the other one
    could you check again
    I'm running ten minutes late
    thanks for your help
    please cancel it
    I'd like to speak to a manager
    what does that mean
    can I change it later
    it's under my husband's name
    do you deliver to Brooklyn
    I'd love to
    let me know when it's ready
    I changed my mind
    how does it work
    whatever you have
    that's everything I need
    is it open on Sundays
    I paid it last week
    there's a leak in the bathroom
    someone told me to call this number
    I'm looking for a gift
    what are my options
    I need someone to come over
    the screen is broken
    can I use it abroad
    I never signed up for this
    I was hoping to get in for a haircut this weekend
    yeah my car broke down on the highway
    is there a fee for that
    what's the cancellation policy
    I'd like the vegetarian option
    do you guys have any openings tomorrow
    it's been making a weird noise
    no I'm good thank you
    could I get a quote for a new roof
    I'm interested in the two bedroom apartment
    when can I move in
    my son has a fever
    I think it's been three days
    he's allergic to penicillin
    which one is cheaper
    can you put me through to Maria
    I need to talk to a real person
    there was a mistake on my order
    I only received half of it
    the tracking number doesn't work
    I'd like to upgrade my plan
    how many people can it hold
    that's too expensive
    do you have it in blue
    I wear a size ten
    can I pick it up tonight
    we're staying for three nights
    is the pool open
    my flight gets in at nine
    can you hold my bags
    I'll have the chicken sandwich
    extra cheese please
    no onions
    I want to file a claim
    someone hit my car in the parking lot
    nobody was hurt
    I have the photos
    what happens next
    I'd appreciate that
    you can reach me on my cell
    mornings are better for me
    anytime after lunch
    I'm not interested
    take me off your list
    how did you get my number
    who is this
    I already paid for it
    we cancelled that in June
    I just want my money back
    that's what I said
    I can't find it
    it won't turn on
    did you get that
    I don't know what that is
    what else do you have
    where is it
";

/// Turns cut where people pause, some of them after a word that could end a sentence: no list can
/// tell those.
pub(super) const CUT: &str = "
    I'd like to book a table for
    hi I'm calling because
    my name is
    I was wondering if you could
    yeah so I was looking at the
    can you tell me what time the
    I need to change my
    do you have anything on
    it's about the order that I
    I want to make sure that
    the problem is that
    so basically I
    I'd like to
    could you send it to my
    we were thinking of
    I have an appointment with
    my address is
    I'm trying to find
    the reason I'm calling is
    when I try to log in it
    I'd like two large pizzas and
    I'm calling to see if
    is there any way to
    I bought it from your
    it started about
    I can come in on
    we're going to be about
    he said that you could
    I don't know if
    I think it was
    my daughter has a
    I would prefer something in the
    because last time I
    can I get the one with
    well um
    I need a plumber for
    and then when I
    the thing is
    it's supposed to be
    I was told that I
    my phone number is four one five
    it's five five five
    and the code is nine two
    yeah let me see
    I ordered it on
    could I speak with
    so I'd like to
    if you could just
    I'm not really
    the name on the account is
    it says that my
    we need to be there by
    I'm looking for a
    does the price include
    I want a refund for the
    I've been a customer for
    do you know whether
    I have a question about
    I'd rather have the
    could you please tell
    they sent me the wrong
    I live on
    what happens if I
    the last time we
    it's either Tuesday or
    I'm available after five or
    it depends on
    there's a problem with my
    I saw on your website that
    I think I
    yes but I
    no I want
    okay and how much would
    let's say at around
    we'd like a room with
    I'm going to need
    my email is john at gmail
    it's spelled s m i
    I can do Monday but
    you know it's just that
    the doctor told me to
    I was hoping to
    I got a letter saying that
    my husband and
    last week I bought a pair of shoes
    I called yesterday
    I'd like to book an appointment
    so on Friday
    for next Saturday
    hi my name is Anna
    my insurance company
    I received the package
    when I got home
    the blue jacket
    if it rains
    in the morning
    about the invoice from March
    to be honest
    hi yeah I'm calling about a
    I was hoping to get in for a haircut on
    my car broke down and I'm
    what's the cancellation policy if I
    I'd like the vegetarian option but without
    do you guys have any
    it's been making a weird noise ever since
    could I get a quote for
    I'm interested in the apartment that you
    when can I
    my son has been
    I think it's been like
    he's allergic to
    which one of the
    can you put me through to your
    I need to talk to someone who
    there was a mistake with the
    so I only received
    the tracking number you gave me is
    I'd like to upgrade to
    how many people can
    we're staying from
    my flight gets in around
    I'll have the chicken sandwich with
    and can I also get
    no onions and
    I want to file a claim because my
    someone hit my car while I was
    you can reach me at
    I'm free any day except
    anytime between
    before that I'd
    what I really need is
    I spoke to a woman called
    she told me she would
    it's the one near the
    if possible I'd prefer
    I'm not sure whether
    honestly I just
    the account number is four five
    um so my order was supposed to
    we were supposed to meet at
    I've already tried turning it
    I don't want to
    that's because the
    it happened right after
    I'm sorry I
    okay so then what
    what about the
    yeah no I
    I was charged
    the website says
    my landlord
    on Tuesday afternoon
    after the storm last week
";
